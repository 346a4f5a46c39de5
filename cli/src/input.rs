//! Captures that commands read, and remarks on them.

use std::collections::BTreeMap;
use std::path::Path;

use scr_capture::reader::{Carried, Cut, LeftOut};
use scr_capture::{CaptureReader, LinkType};
use scr_wire::PassedBy;
use serde::Serialize;

use crate::error::Result;
use crate::interrupt;
use crate::warning::Reasons;

/// Options for reading a capture.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct InputArgs {
    /// Treat a capture that is cut short, or has packets that cannot be read as Ethernet, as bad input: exit status 2
    /// [default: its whole packets are read, others pass by, with a warning].
    #[arg(long)]
    pub strict: bool,
}

impl InputArgs {
    /// Opens the capture at `path`.
    ///
    /// # Errors
    ///
    /// If it is not a readable capture.
    pub fn open(self, path: &Path) -> Result<CaptureReader> {
        Ok(interrupt::open(path)?.strict(self.strict))
    }
}

/// Remarks on a capture: what it held besides complete Ethernet packets, with the keys of `--json`, which are present
/// only if they have something to report.
#[derive(Clone, Debug, Serialize)]
pub struct Remarks {
    /// Packets that were given an Ethernet header, by link type.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    link_types: BTreeMap<String, u64>,
    /// Packets that were left out, by link type and reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    left_out: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// Packets whose fraction of a second was a second or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    carried_fractions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capture_cut: Option<CaptureCut>,
    #[serde(skip)]
    lines: Vec<String>,
    #[serde(skip)]
    packets_left_out: u64,
}

/// The place where a capture is cut short.
#[derive(Clone, Copy, Debug, Serialize)]
struct CaptureCut {
    packet: u64,
    byte: u64,
}

impl Remarks {
    /// Remarks on what `reader` has read so far.
    pub fn on(reader: &CaptureReader) -> Self {
        let account = reader.account();
        let mut left_out: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for &((link_type, why), count) in account.left_out() {
            let of_type = left_out.entry(link_type.label()).or_default();
            of_type.insert(why.name(), count);
        }
        Self {
            link_types: account
                .converted()
                .iter()
                .map(|&(link_type, count)| (link_type.label(), count))
                .collect(),
            left_out,
            carried_fractions: account.carried.map(|carried| carried.packets),
            capture_cut: cut(reader).map(|cut| CaptureCut {
                packet: cut.packet,
                byte: cut.offset,
            }),
            lines: lines(reader),
            packets_left_out: account.packets_left_out(),
        }
    }

    /// Adds packets that no command sees; they count as passed by.
    pub fn count_left_out(&self, packets: &mut u64, passed_by: &mut u64, reasons: &mut Reasons) {
        let left_out = self.packets_left_out;
        if left_out > 0 {
            *packets += left_out;
            *passed_by += left_out;
            *reasons.entry(PassedBy::NotEthernet.name()).or_default() += left_out;
        }
    }

    /// The keys and values in JSON, each preceded by a comma, for an object being written.
    ///
    /// # Errors
    ///
    /// None in practice.
    pub fn members(&self) -> std::io::Result<Vec<u8>> {
        let object = serde_json::to_vec(self)?;
        Ok(
            match object.strip_prefix(b"{").and_then(|o| o.strip_suffix(b"}")) {
                Some(members) if !members.is_empty() => [b",\n", members].concat(),
                _ => Vec::new(),
            },
        )
    }

    /// Prints the remarks on standard error, each once.
    pub fn say(&self) {
        for line in &self.lines {
            eprintln!("{line}");
        }
    }
}

/// Where the capture is cut short, unless a signal ended it.
fn cut(reader: &CaptureReader) -> Option<Cut> {
    reader.account().cut.filter(|_| !interrupt::came())
}

fn lines(reader: &CaptureReader) -> Vec<String> {
    let account = reader.account();
    let converted = account.converted();
    let left_out = account.left_out();
    let said = [
        (!converted.is_empty()).then(|| given_headers(converted)),
        (!left_out.is_empty()).then(|| without(left_out)),
        account.carried.map(carried),
        cut(reader).map(|cut| cut_short(reader, cut)),
    ];
    let name = reader.name();
    said.into_iter()
        .flatten()
        .map(|(level, what)| format!("{level}: {name}: {what}"))
        .collect()
}

fn given_headers(converted: &[(LinkType, u64)]) -> (&'static str, String) {
    let each: Vec<String> = converted
        .iter()
        .map(|(link_type, count)| format!("{count} of link type {link_type}"))
        .collect();
    let each = each.join(", ");
    (
        "note",
        format!("packets were given an Ethernet header: {each}"),
    )
}

fn without(left_out: &[((LinkType, LeftOut), u64)]) -> (&'static str, String) {
    let each: Vec<String> = left_out
        .iter()
        .map(|((link_type, why), count)| {
            let why = match why {
                LeftOut::LinkType => "",
                LeftOut::Payload => " that carry what has no EtherType",
                LeftOut::Short => " that are shorter than its header",
            };
            format!("{count} of link type {link_type}{why}")
        })
        .collect();
    let each = each.join(", ");
    (
        "warning",
        format!(
            "packets that cannot be read as Ethernet passed by and are in no capture written: {each}"
        ),
    )
}

fn carried(Carried { packets, first }: Carried) -> (&'static str, String) {
    (
        "warning",
        format!(
            "{packets} packets, from packet {first} on, have a fraction of a second or more, which was carried into the seconds; \
             the times of this capture are probably not what its header says"
        ),
    )
}

fn cut_short(reader: &CaptureReader, cut: Cut) -> (&'static str, String) {
    let Cut {
        packet,
        offset,
        have,
    } = cut;
    let before = packet - 1;
    let of = match reader.compression() {
        None => String::new(),
        Some(compression) => format!(" of what its {compression} stream decompresses to"),
    };
    let what = match have {
        0 => format!("is cut short after {before} packets, at byte {offset}{of}"),
        _ => format!(
            "is cut short within packet {packet}, whose record starts at byte {offset}{of}; the {before} packets before it \
             were read"
        ),
    };
    ("warning", what)
}
