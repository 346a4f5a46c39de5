//! Frames of others with SCR's EtherType.
//!
//! 0x88B5 is "IEEE 802 local experimental 1": anybody may use it. A frame of somebody else is told from a damaged one by
//! its header: damage makes one field what it cannot be, and in a frame of another protocol most of them are.

use crate::header::{HEADER_BYTES, Header, VERSION};
use crate::{Geometry, MAX_CORES, MAX_PREFIX_WORDS, Rejection, profile};

/// Ids from here on are free for users' profiles.
const FIRST_FREE_PROFILE: u8 = 128;

/// Fields that cannot be what they are, from which on a frame is somebody else's.
const ENOUGH: usize = 2;

/// The fields of a header that are in no header of version 1, whatever the profile, each with the reason for which a
/// receiver would reject the frame. A field is compared with others only where these can be what they are.
pub fn contradictions(head: &[u8; HEADER_BYTES]) -> impl Iterator<Item = Rejection> {
    let header = Header::read(head);
    let Header {
        profile,
        prefix_words,
        cores,
        core,
        valid_rows,
        row_log2,
        ..
    } = header;
    let known =
        profile >= FIRST_FREE_PROFILE || profile::BUILTIN.iter().any(|known| known.id() == profile);
    let words = (1..=MAX_PREFIX_WORDS).contains(&prefix_words);
    let size = (2..=6).contains(&row_log2);
    let flags = head[15] >> 4 != 0;
    let spread = (1..=MAX_CORES).contains(&cores);
    let fit = match words && size && !flags {
        true => Geometry::of_rows(1 << row_log2, prefix_words).map_or(0, Geometry::rows),
        false => usize::MAX,
    };
    let wrong = [
        (head[1] != VERSION, Rejection::Version),
        (!known, Rejection::Profile),
        (!size, Rejection::RowSize),
        (size && flags, Rejection::Flags),
        (!words, Rejection::PrefixWords),
        (fit == 0, Rejection::NoRow),
        (!spread, Rejection::Cores),
        (spread && core >= cores, Rejection::Core),
        (
            valid_rows == 0 || (fit > 0 && usize::from(valid_rows) > fit),
            Rejection::ValidRows,
        ),
    ];
    wrong
        .into_iter()
        .filter_map(|(wrong, field)| wrong.then_some(field))
}

/// Whether a frame is SCR's, be it damaged: it has the EtherType, and a header in which at most one field cannot be what it
/// is. One that is cut in the header counts as SCR's.
pub fn is_scr(frame: &[u8]) -> bool {
    Header::peek(frame).is_some()
        && frame
            .first_chunk()
            .is_none_or(|head| contradictions(head).count() < ENOUGH)
}

/// Whether a frame has the EtherType and is not SCR's.
pub fn is_foreign(frame: &[u8]) -> bool {
    Header::peek(frame).is_some() && !is_scr(frame)
}
