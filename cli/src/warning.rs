//! Warnings about a run that succeeded: there was nothing to do, or something did not happen.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use scr_wire::{PassedBy, profile};
use serde::Serialize;

/// Numbers of packets that passed by, by [reason](PassedBy).
pub type Reasons = BTreeMap<&'static str, u64>;

/// A remark for the user on a run that did not fail, with the keys of `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Key of the warning.
    pub warning: &'static str,
    /// The text.
    pub message: String,
    /// The remedy, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Warning {
    /// A warning with a remedy.
    pub fn new(warning: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..Self::bare(warning, message)
        }
    }

    /// A warning without a remedy.
    pub fn bare(warning: &'static str, message: impl Into<String>) -> Self {
        Self {
            warning,
            message: message.into(),
            help: None,
        }
    }
}

impl Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "warning: {}", self.message)?;
        match &self.help {
            Some(help) => writeln!(f, "help: {help}"),
            None => Ok(()),
        }
    }
}

/// The reasons with their counts, most frequent first: `12 arp, 3 lldp`.
pub fn listed(reasons: &Reasons) -> String {
    let mut counts: Vec<_> = reasons.iter().collect();
    counts.sort_by_key(|&(_, &count)| std::cmp::Reverse(count));
    let counts = counts
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// Warnings about packets that passed by.
pub fn of_passed_by(packets: u64, sequenced: u64, reasons: &Reasons) -> Vec<Warning> {
    let of = |reason: PassedBy| reasons.get(reason.name()).copied().unwrap_or(0);
    let ipv6 = of(PassedBy::Ipv6UnderV4Profile);
    let scr = of(PassedBy::ScrFrame);
    let not_captured = of(PassedBy::NotCaptured);
    let wider = format!(
        "use --profile {}, which sequences IPv6 as well",
        profile::FLOW6_TIME.name()
    );
    let decode =
        "replay the capture that the frames were made from; `scr decode` shows what is in them";
    let mut warnings = Vec::new();
    if sequenced == 0 {
        let (message, help) = if packets == 0 {
            (
                "nothing was sequenced: the capture has no packets".to_owned(),
                "give a capture with packets".to_owned(),
            )
        } else {
            let help = if ipv6 > 0 {
                wider.clone()
            } else if scr > 0 {
                decode.to_owned()
            } else if not_captured == packets {
                "capture with a longer snap length: these packets have no bytes".to_owned()
            } else {
                "give a capture with IP packets, or use --sequence-all to sequence every frame"
                    .to_owned()
            };
            let message = format!("nothing was sequenced: {} passed by", listed(reasons));
            (message, help)
        };
        warnings.push(Warning::new("nothing-sequenced", message, help));
    }
    if ipv6 > 0 && sequenced > 0 {
        let message = format!("{ipv6} IPv6 packets passed by: the profile has IPv4 addresses");
        warnings.push(Warning::new("ipv6-passed-by", message, wider));
    }
    if scr > 0 && (sequenced > 0 || ipv6 > 0) {
        let message = format!("{scr} SCR frames passed by: a sequencer takes packets");
        warnings.push(Warning::new("scr-frames-passed-by", message, decode));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(counts: &[(PassedBy, u64)]) -> Reasons {
        counts.iter().map(|&(r, count)| (r.name(), count)).collect()
    }

    #[test]
    fn what_passed_by_is_listed() {
        let reasons = reasons(&[(PassedBy::Arp, 2), (PassedBy::Lldp, 5), (PassedBy::Mpls, 2)]);
        assert_eq!(listed(&reasons), "5 lldp, 2 arp, 2 mpls");
    }

    #[test]
    fn a_profile_is_named_where_it_helps() {
        let ipv6 = reasons(&[(PassedBy::Ipv6UnderV4Profile, 3), (PassedBy::Arp, 1)]);
        let nothing = of_passed_by(4, 0, &ipv6);
        assert_eq!(nothing.len(), 1);
        assert_eq!(
            nothing[0].to_string(),
            "warning: nothing was sequenced: 3 ipv6-under-v4-profile, 1 arp passed by\n\
             help: use --profile flow6-time, which sequences IPv6 as well\n"
        );
        let some = of_passed_by(10, 6, &ipv6);
        assert_eq!(some[0].warning, "ipv6-passed-by");
        assert_eq!(some[0].help, nothing[0].help);
        assert!(of_passed_by(10, 9, &reasons(&[(PassedBy::Arp, 1)])).is_empty());
    }

    #[test]
    fn scr_frames_and_captures_without_packets() {
        let frames = of_passed_by(2, 0, &reasons(&[(PassedBy::ScrFrame, 2)]));
        assert!(frames[0].help.as_ref().unwrap().contains("scr decode"));
        let none = of_passed_by(0, 0, &Reasons::new());
        assert!(none[0].message.contains("no packets"));
        let mixed = of_passed_by(3, 1, &reasons(&[(PassedBy::ScrFrame, 2)]));
        assert_eq!(mixed[0].warning, "scr-frames-passed-by");
    }
}
