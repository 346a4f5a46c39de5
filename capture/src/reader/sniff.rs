//! Detection of a file's type by its first bytes.

use super::pcap::Variant;

/// The impression of a file that is not a capture, and what to do with it.
pub(super) struct Impression {
    pub(super) looks_like: &'static str,
    pub(super) remedy: &'static str,
}

/// The format that the first four bytes announce.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Magic {
    Pcap(Variant),
    PcapNg,
}

const PCAPNG: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];

/// All magic numbers of supported formats.
fn magics() -> impl Iterator<Item = ([u8; 4], Magic)> {
    Variant::MAGICS
        .into_iter()
        .map(|(magic, variant)| (magic, Magic::Pcap(variant)))
        .chain([(PCAPNG, Magic::PcapNg)])
}

/// The supported format whose magic number the file starts with.
pub(super) fn magic(bytes: &[u8]) -> Option<Magic> {
    magics()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, format)| format)
}

/// Whether a file this short could be the beginning of a capture.
pub(super) fn begins_like_a_capture(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.len() < 4 && magics().any(|(magic, _)| magic.starts_with(bytes))
}

const CONVERT: &str = "convert it with `editcap -F pcapng IN OUT`";
const SAVE_AS: &str = "save it as pcap or pcapng with the program that wrote it";
const EXTRACT: &str = "extract the capture from it first";
const ASK: &str = "give a pcap or pcapng file, as it is or compressed with gzip or zstd";

/// Remedy for a compressed file whose content is not a capture.
pub(super) const WITHIN: &str =
    "only the outermost compression is undone here: give the capture that is in it";

/// First bytes of files that people pass to a capture reader by mistake.
const KNOWN: &[(&[u8], &str, &str)] = &[
    (&[0x1F, 0x8B], "gzip-compressed data", WITHIN),
    (&[0x28, 0xB5, 0x2F, 0xFD], "zstd-compressed data", WITHIN),
    (
        b"\xFD7zXZ\0",
        "xz-compressed data",
        "decompress it with `xz -dc IN > OUT`",
    ),
    (
        b"BZh",
        "bzip2-compressed data",
        "decompress it with `bzip2 -dc IN > OUT`",
    ),
    (
        &[0x04, 0x22, 0x4D, 0x18],
        "lz4-compressed data",
        "decompress it first",
    ),
    (b"PK\x03\x04", "a zip archive", EXTRACT),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive", EXTRACT),
    (
        &[0xA1, 0x2B, 0x3C, 0x4D],
        "a modified pcap (Navtel)",
        SAVE_AS,
    ),
    (
        &[0x4D, 0x3C, 0x2B, 0xA1],
        "a modified pcap (Navtel)",
        SAVE_AS,
    ),
    (&[0x1C, 0x00, 0x01, 0xAC], "an IXIA capture", CONVERT),
    (&[0xAC, 0x01, 0x00, 0x1C], "an IXIA capture", CONVERT),
    (&[0x1C, 0x00, 0x01, 0xAB], "an IXIA capture", CONVERT),
    (&[0xAB, 0x01, 0x00, 0x1C], "an IXIA capture", CONVERT),
    (b"snoop\0\0\0", "a Solaris snoop capture", CONVERT),
    (b"GMBU", "a Microsoft Network Monitor capture", CONVERT),
    (b"RTSS", "a Microsoft Network Monitor capture", CONVERT),
    (b"XCP\0", "a NetXRay or Sniffer capture", CONVERT),
    (b"TRSNIFF data", "a Sniffer capture", CONVERT),
    (b"\x7FELF", "an ELF program", ASK),
    (
        b"version https://git-lfs",
        "a Git LFS pointer, not the file it stands for",
        "fetch the file itself from Git LFS",
    ),
    (
        b"<",
        "HTML or XML text",
        "download the file itself, not the page about it",
    ),
];

/// The impression from the first bytes of a file that is not a capture.
pub(super) fn impression(bytes: &[u8]) -> Impression {
    for &(start, looks_like, remedy) in KNOWN {
        if bytes.starts_with(start) {
            return Impression { looks_like, remedy };
        }
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Impression {
            looks_like: "a tar archive",
            remedy: EXTRACT,
        };
    }
    let head = &bytes[..bytes.len().min(512)];
    if head.iter().all(|&byte| byte == 0) {
        return Impression {
            looks_like: "a run of zero bytes",
            remedy: "the file was never written: capture or copy it again",
        };
    }
    let texty = |&byte: &u8| {
        byte >= 0x80
            || byte == b'\t'
            || byte == b'\n'
            || byte == b'\r'
            || (0x20..0x7F).contains(&byte)
    };
    // The 512 bytes may have split the last character, so cut there.
    let is_text = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
    };
    if is_text && head.iter().all(texty) {
        return Impression {
            looks_like: "text",
            remedy: "give the capture itself; `text2pcap IN OUT` makes one of a hex dump with offsets",
        };
    }
    Impression {
        looks_like: "unknown binary data",
        remedy: ASK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_what_it_is_not() {
        assert_eq!(
            impression(b"\x1f\x8b\x08").looks_like,
            "gzip-compressed data"
        );
        assert_eq!(
            impression(&[0x28, 0xB5, 0x2F, 0xFD, 9]).looks_like,
            "zstd-compressed data"
        );
        assert_eq!(impression("héllo\n".as_bytes()).looks_like, "text");
        assert_eq!(impression(&[0; 30]).looks_like, "a run of zero bytes");
        assert_eq!(
            impression(&[0x99, 1, 2, 3]).looks_like,
            "unknown binary data"
        );
        let mut tar = [b'x'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(impression(&tar).looks_like, "a tar archive");
        assert!(
            impression(&[0xAC, 0x01, 0x00, 0x1C])
                .remedy
                .contains("editcap -F pcapng")
        );
    }

    #[test]
    fn the_beginning_of_a_magic_number_counts_as_a_capture_cut_off() {
        assert!(begins_like_a_capture(&[0xD4, 0xC3]));
        assert!(begins_like_a_capture(&[0x0A]));
        assert!(!begins_like_a_capture(b"ab"));
    }
}
