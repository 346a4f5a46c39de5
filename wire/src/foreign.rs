//! Frames of other protocols with SCR's EtherType.
//!
//! 0x88B5 is "IEEE 802 local experimental 1", which anybody may use. The header tells a foreign frame from a damaged
//! one: damage makes one field invalid, whereas in a frame of another protocol most of them are.

use crate::header::{HEADER_BYTES, Header, VERSION};
use crate::{Geometry, MAX_CORES, MAX_PREFIX_WORDS, Rejection, profile};

/// Ids from here on are free for users' profiles.
const FIRST_FREE_PROFILE: u8 = 128;

/// Number of invalid fields from which a frame counts as foreign.
const ENOUGH: usize = 2;

/// The fields that are invalid in any header of version 1, whatever the profile, each with the reason for which a
/// receiver would reject the frame. A field is compared with others only if those are valid.
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

/// Whether a frame is SCR's, possibly damaged: it has the EtherType and a header with at most one invalid field. A
/// frame cut within the header counts as SCR's.
pub fn is_scr(frame: &[u8]) -> bool {
    Header::peek(frame).is_some()
        && frame
            .first_chunk()
            .is_none_or(|head| contradictions(head).count() < ENOUGH)
}

/// Whether a frame has the EtherType but is not SCR's.
pub fn is_foreign(frame: &[u8]) -> bool {
    Header::peek(frame).is_some() && !is_scr(frame)
}
