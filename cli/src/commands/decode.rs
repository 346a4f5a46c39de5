//! `scr decode`: SCR frames in readable form.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use same_file::Handle;
use scr_capture::Packet;
use scr_wire::parse::{self, IpVersion, Parsed};
use scr_wire::{Frame, Header, Profile, Rejection, foreign, header, profile};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::input::{InputArgs, Remarks};
use crate::options::ProfileArg;
use crate::output;
use crate::text;

/// Options of `scr decode`.
#[derive(clap::Args)]
pub struct Args {
    /// Capture of SCR frames: pcap or pcapng, also compressed with gzip or zstd; `-` for standard input. Other frames
    /// in it are listed as such.
    capture: PathBuf,

    #[command(flatten)]
    input: InputArgs,

    /// A row profile besides those of the format: a profile file (TOML). May be given several times.
    #[arg(long, value_name = "FILE")]
    profile: Vec<ProfileArg>,

    /// Print one JSON object: `{"frames": [...], "total": {...}}`, one line for each frame.
    ///
    /// A frame has `number`, `time`, `captured`, `length` and `kind`, which is `scr` (with `header`, `rows` and
    /// `packet`), `rejected` (with `reason` and `message`) or `other` (with `packet`).
    #[arg(long)]
    json: bool,
}

/// A frame of the capture.
#[derive(Serialize)]
struct Entry {
    number: u64,
    time: String,
    captured: usize,
    length: u32,
    #[serde(flatten)]
    content: Content,
}

/// The classification of a frame.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Content {
    /// A valid SCR frame.
    Scr {
        header: HeaderText,
        rows: Vec<Row>,
        packet: Summary,
    },
    /// An SCR frame that a receiver drops.
    Rejected {
        reason: &'static str,
        message: String,
    },
    /// Not an SCR frame; a sequencer passed it by.
    Other {
        /// For a frame with SCR's EtherType, the reason why it belongs to another protocol.
        #[serde(flatten)]
        foreign: Option<Foreign>,
        packet: Summary,
    },
}

/// Why a frame with SCR's EtherType is not an SCR frame.
#[derive(Serialize)]
struct Foreign {
    reason: &'static str,
    message: String,
}

#[derive(Serialize)]
struct HeaderText {
    version: u8,
    profile: u8,
    profile_name: &'static str,
    prefix_words: u8,
    cores: u8,
    core: u8,
    epoch: u8,
    seq: u64,
    valid_rows: u8,
    row_bytes: usize,
}

#[derive(Serialize)]
struct Row {
    seq: u64,
    #[serde(flatten)]
    fields: Map<String, Value>,
    #[serde(skip)]
    line: String,
}

/// The content of an Ethernet frame, as far as its headers show it.
#[derive(Serialize)]
struct Summary {
    captured: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    ethertype: Option<String>,
    #[serde(flatten)]
    ip: Option<Ip>,
}

#[derive(Serialize)]
struct Ip {
    src: String,
    dst: String,
    sport: u16,
    dport: u16,
    proto: u8,
    tcp_flags: u8,
    ip_length: u16,
}

/// Counts over the capture, with the keys of `--json`.
#[derive(Default, Serialize)]
struct Total {
    frames: u64,
    scr: u64,
    other: u64,
    /// Number of the other frames that have SCR's EtherType.
    #[serde(skip_serializing_if = "is_zero")]
    foreign: u64,
    rejected: BTreeMap<&'static str, u64>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Whether frames may arrive one by one, from a running program: each is then printed at once.
fn is_live(capture: &Path) -> bool {
    let kind = match output::is_stdout(capture) {
        true => Handle::stdin().and_then(|handle| handle.as_file().metadata()),
        false => capture.metadata(),
    };
    kind.is_ok_and(|metadata| !metadata.is_file())
}

/// Runs the command.
pub fn run(args: &Args) -> Result {
    let live = is_live(&args.capture);
    let profiles = profiles(&args.profile)?;
    let mut reader = args.input.open(&args.capture)?;
    let mut out = output::stdout();
    let mut total = Total::default();
    if args.json {
        out.write_all(b"{\"frames\": [").map_err(Error::stdout)?;
    }
    while let Some(packet) = reader.next_packet()? {
        let entry = read(&packet, &profiles);
        total.count(&entry.content);
        let written = if args.json {
            let separator: &[u8] = if total.frames > 1 { b",\n" } else { b"\n" };
            out.write_all(separator)
                .and_then(|()| serde_json::to_writer(&mut out, &entry).map_err(io::Error::from))
        } else {
            entry.print(&mut out)
        };
        let written = written.and_then(|()| if live { out.flush() } else { Ok(()) });
        written.map_err(Error::stdout)?;
    }
    let remarks = Remarks::on(&reader);
    let written = if args.json {
        out.write_all(b"\n],\n\"total\": ")
            .and_then(|()| serde_json::to_writer(&mut out, &total).map_err(io::Error::from))
            .and_then(|()| out.write_all(&remarks.members()?))
            .and_then(|()| out.write_all(b"}\n"))
    } else {
        total.print(&mut out)
    };
    written.and_then(|()| out.flush()).map_err(Error::stdout)?;
    remarks.say();
    Ok(())
}

/// The profiles of the format and the user's, which must have distinct ids.
fn profiles(args: &[ProfileArg]) -> Result<BTreeMap<u8, Profile>> {
    let mut profiles: BTreeMap<u8, Profile> =
        profile::BUILTIN.into_iter().map(|p| (p.id(), *p)).collect();
    for arg in args {
        let added = arg.load()?;
        match profiles.insert(added.id(), added) {
            Some(before) if before != added => {
                return Err(Error::bad(
                    format!(
                        "--profile: {} and {} have the same id {}",
                        before.name(),
                        added.name(),
                        added.id()
                    ),
                    "decode their frames one after the other, with one --profile each",
                ));
            }
            _ => {}
        }
    }
    Ok(profiles)
}

fn read(packet: &Packet, profiles: &BTreeMap<u8, Profile>) -> Entry {
    Entry {
        number: packet.index,
        time: packet.timestamp.to_string(),
        captured: packet.data.len(),
        length: packet.original_len,
        content: content(packet.data, profiles),
    }
}

fn content(bytes: &[u8], profiles: &BTreeMap<u8, Profile>) -> Content {
    let rejected = |why: Rejection| Content::Rejected {
        reason: why.name(),
        message: why.to_string(),
    };
    let Some(head) = Header::peek(bytes) else {
        return Content::Other {
            foreign: None,
            packet: summary(bytes),
        };
    };
    if foreign::is_foreign(bytes) {
        return Content::Other {
            foreign: Some(Foreign::new(bytes)),
            packet: summary(bytes),
        };
    }
    if bytes.len() < header::HEADER_BYTES {
        return rejected(Rejection::TooShort);
    }
    if header::version(bytes) != Some(header::VERSION) {
        return rejected(Rejection::Version);
    }
    let Some(profile) = profiles.get(&head.profile) else {
        return Content::Rejected {
            reason: Rejection::Profile.name(),
            message: format!(
                "unknown profile id {}: describe it in a file and give that with --profile FILE",
                head.profile
            ),
        };
    };
    match Frame::parse(bytes, profile) {
        Err(why) => rejected(why),
        Ok(frame) => Content::Scr {
            header: HeaderText::new(frame.header(), profile),
            rows: rows(&frame, profile),
            packet: summary(frame.packet()),
        },
    }
}

fn rows(frame: &Frame, profile: &Profile) -> Vec<Row> {
    (0_u64..)
        .map_while(|i| {
            let row = frame.row(i as usize)?;
            Some(Row {
                seq: frame.header().seq.minus(i).get(),
                fields: text::row_json(profile, row),
                line: text::row_line(profile, row),
            })
        })
        .collect()
}

fn summary(bytes: &[u8]) -> Summary {
    let parsed = parse::parse(bytes, true);
    Summary {
        captured: bytes.len(),
        ethertype: parse::ethertype(bytes).map(|t| format!("0x{t:04x}")),
        ip: parsed.ip_version.map(|_| Ip::new(&parsed)),
    }
}

impl Foreign {
    fn new(bytes: &[u8]) -> Self {
        let head = bytes.first_chunk();
        let wrong = head.into_iter().flat_map(foreign::contradictions);
        let wrong: Vec<&str> = wrong.map(Rejection::name).collect();
        Self {
            reason: "foreign",
            message: format!(
                "not SCR: EtherType 0x{:04x} is somebody else's here, for no header of SCR has such {}",
                header::ETHERTYPE,
                wrong.join(", ")
            ),
        }
    }
}

/// An address of a packet. An address that was IPv6 on the wire is shown as IPv6, mapped or not.
fn address(parsed: &Parsed, bytes: [u8; 16]) -> IpAddr {
    match parsed.ip_version {
        Some(IpVersion::V6) => IpAddr::V6(bytes.into()),
        _ => text::ip(bytes),
    }
}

impl HeaderText {
    fn new(header: &Header, profile: &Profile) -> Self {
        Self {
            version: header::VERSION,
            profile: header.profile,
            profile_name: profile.name(),
            prefix_words: header.prefix_words,
            cores: header.cores,
            core: header.core,
            epoch: header.epoch,
            seq: header.seq.get(),
            valid_rows: header.valid_rows,
            row_bytes: profile.row_bytes(),
        }
    }
}

impl Ip {
    fn new(parsed: &Parsed) -> Self {
        Self {
            src: address(parsed, parsed.src).to_string(),
            dst: address(parsed, parsed.dst).to_string(),
            sport: u16::from_be_bytes(parsed.src_port),
            dport: u16::from_be_bytes(parsed.dst_port),
            proto: parsed.protocol,
            tcp_flags: parsed.tcp_flags,
            ip_length: u16::from_be_bytes(parsed.ip_length),
        }
    }
}

impl Entry {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Self {
            number,
            time,
            captured,
            length,
            content,
        } = self;
        write!(out, "{number}  {time}  {captured} bytes")?;
        if *length as usize != *captured {
            write!(out, " of {length}")?;
        }
        match content {
            Content::Scr {
                header,
                rows,
                packet,
            } => {
                writeln!(
                    out,
                    "  SCR seq {} core {} of {} epoch {} profile {} ({}) prefix {} words, {} rows of {} bytes",
                    header.seq,
                    header.core,
                    header.cores,
                    header.epoch,
                    header.profile,
                    header.profile_name,
                    header.prefix_words,
                    header.valid_rows,
                    header.row_bytes
                )?;
                for (i, row) in rows.iter().enumerate() {
                    writeln!(out, "    row[{i}] seq {}  {}", row.seq, row.line)?;
                }
                write!(out, "    packet  {} bytes", packet.captured)?;
                packet.print(out)
            }
            Content::Rejected { message, .. } => {
                writeln!(out, "  rejected: {message}")
            }
            Content::Other { foreign, packet } => {
                match foreign {
                    Some(foreign) => write!(out, "  {}", foreign.message)?,
                    None => write!(out, "  not an SCR frame")?,
                }
                packet.print(out)
            }
        }
    }
}

impl Summary {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        match (&self.ip, &self.ethertype) {
            (Some(ip), _) => {
                write!(
                    out,
                    "  {} > {}  {}",
                    endpoint(&ip.src, ip.sport),
                    endpoint(&ip.dst, ip.dport),
                    text::protocol(ip.proto)
                )?;
                if ip.tcp_flags != 0 {
                    write!(out, " {}", text::tcp_flags(ip.tcp_flags))?;
                }
                writeln!(out, " IP length {}", ip.ip_length)
            }
            (None, Some(ethertype)) => writeln!(out, "  EtherType {ethertype}"),
            (None, None) => writeln!(out, "  too short for an EtherType"),
        }
    }
}

/// `10.0.0.1:80`, `[::1]:80`; the address alone if there are no ports.
fn endpoint(address: &str, port: u16) -> String {
    match (port, address.contains(':')) {
        (0, _) => address.to_owned(),
        (_, true) => format!("[{address}]:{port}"),
        (_, false) => format!("{address}:{port}"),
    }
}

impl Total {
    fn count(&mut self, content: &Content) {
        self.frames += 1;
        match content {
            Content::Scr { .. } => self.scr += 1,
            Content::Other { foreign, .. } => {
                self.other += 1;
                self.foreign += u64::from(foreign.is_some());
            }
            Content::Rejected { reason, .. } => *self.rejected.entry(reason).or_default() += 1,
        }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let rejected: u64 = self.rejected.values().sum();
        write!(
            out,
            "{} frames: {} SCR, {} other, {rejected} rejected",
            self.frames, self.scr, self.other
        )?;
        for (i, (reason, count)) in self.rejected.iter().enumerate() {
            write!(out, "{}{reason} {count}", if i == 0 { ": " } else { ", " })?;
        }
        if self.foreign > 0 {
            write!(out, "; others with SCR's EtherType: {}", self.foreign)?;
        }
        writeln!(out)
    }
}
