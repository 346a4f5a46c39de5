//! Whether an interface is ready for frames with a prefix, and what to do if not.
//!
//! None of this shows by itself: a frame that is too long is cut, one for a queue that is not open is dropped after it was
//! numbered, and steering is lost when the interface goes up (`docs/shells/corundum.md`).

use serde::Serialize;

use super::mqnic::Queue;

/// Bytes of the Ethernet header, which an interface's MTU does not count.
const ETHERNET: u32 = 14;

/// What is known of an interface.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Name, if it has a driver.
    pub name: Option<String>,
    /// Largest packet on the link, in bytes without the Ethernet header.
    pub packet_mtu: u32,
    /// Bytes of prefix in front of each sequenced frame.
    pub prefix_bytes: u32,
    /// Longest frame that the NIC receives, and the longest that it could, Ethernet header included.
    pub rx_mtu: (u32, u32),
    /// Whether the driver takes the NIC's word for checksums; none if that cannot be asked.
    pub checksum_offload: Option<bool>,
    /// Cores, their queues and the states of these.
    pub queues: Vec<(u8, u16, Queue)>,
    /// `app_mask` as it is, and as the steering needs it.
    pub app_mask: (u32, u32),
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "lowercase")]
pub enum Finding {
    /// As it should be.
    Good,
    /// Frames will be lost or changed.
    Bad {
        /// What is wrong.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// It cannot be told.
    Unknown {
        /// Why not.
        problem: String,
        /// How to find out.
        remedy: String,
    },
}

/// A check and its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What is checked: `mtu`, `checksum`, `queues` or `app_mask`.
    pub check: &'static str,
    /// The result.
    #[serde(flatten)]
    pub finding: Finding,
}

impl Facts {
    /// All checks.
    pub fn checks(&self) -> Vec<Check> {
        [
            ("mtu", self.mtu()),
            ("checksum", self.checksum()),
            ("queues", self.queues()),
            ("app_mask", self.app_mask()),
        ]
        .map(|(check, finding)| Check { check, finding })
        .into()
    }

    /// The interface's name in a command.
    fn interface(&self) -> &str {
        self.name.as_deref().unwrap_or("<interface>")
    }

    fn mtu(&self) -> Finding {
        let (is, most) = self.rx_mtu;
        let needed = self.packet_mtu + self.prefix_bytes + ETHERNET;
        if needed <= is {
            return Finding::Good;
        }
        let problem = format!(
            "the NIC cuts frames at {is} bytes; packets of {} bytes with a prefix of {} and the Ethernet header have {needed}",
            self.packet_mtu, self.prefix_bytes
        );
        let remedy = if needed <= most {
            let mtu = needed - ETHERNET;
            format!("ip link set {} mtu {mtu}", self.interface())
        } else {
            format!(
                "use fewer prefix words, or an MTU of at most {} on the link: the NIC takes frames of {most} bytes",
                most.saturating_sub(ETHERNET + self.prefix_bytes)
            )
        };
        Finding::Bad { problem, remedy }
    }

    fn checksum(&self) -> Finding {
        let interface = self.interface();
        match self.checksum_offload {
            Some(false) => Finding::Good,
            Some(true) => Finding::Bad {
                problem: "receive checksum offload is on: the NIC's sums cover the prefix"
                    .to_owned(),
                remedy: format!("ethtool -K {interface} rx off"),
            },
            None => Finding::Unknown {
                problem: "the driver cannot be asked whether receive checksum offload is on"
                    .to_owned(),
                remedy: format!("see `ethtool -k {interface}`: rx-checksumming must be off"),
            },
        }
    }

    fn queues(&self) -> Finding {
        let lost = self
            .queues
            .iter()
            .find(|(_, _, state)| *state != Queue::Enabled);
        let Some((core, queue, state)) = lost else {
            return Finding::Good;
        };
        let why = match state {
            Queue::Absent => "the interface does not have",
            _ => "is not enabled",
        };
        let problem = format!("core {core} is steered to queue {queue}, which {why}");
        Finding::Bad {
            problem: format!("{problem}: its frames are dropped after they were numbered"),
            remedy: match state {
                Queue::Absent => "steer it to another queue: --queues".to_owned(),
                _ => format!(
                    "ip link set {0} up; ethtool -L {0} with as many receive rings as there are cores",
                    self.interface()
                ),
            },
        }
    }

    fn app_mask(&self) -> Finding {
        let (is, wanted) = self.app_mask;
        if is & wanted == wanted {
            return Finding::Good;
        }
        Finding::Bad {
            problem: format!("app_mask is {is:#010x}, so the NIC does not look at tdest; {wanted:#010x} is needed"),
            remedy: "run `scr nic <address> configure` again: the driver resets app_mask whenever the interface goes up; --keep watches it"
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            name: Some("ens1".to_owned()),
            packet_mtu: 1500,
            prefix_bytes: 128,
            rx_mtu: (1642, 9214),
            checksum_offload: Some(false),
            queues: vec![(0, 0, Queue::Enabled), (1, 5, Queue::Enabled)],
            app_mask: (0x8000_00ff, 0x8000_0000),
        }
    }

    /// The one check of `facts` that is not good: what is checked, problem and remedy.
    fn bad(facts: &Facts) -> (&'static str, String, String) {
        let mut bad = facts
            .checks()
            .into_iter()
            .filter(|check| check.finding != Finding::Good);
        let found = bad.next().expect("a check that is not good");
        assert_eq!(bad.next(), None);
        match found.finding {
            Finding::Bad { problem, remedy } | Finding::Unknown { problem, remedy } => {
                (found.check, problem, remedy)
            }
            Finding::Good => unreachable!(),
        }
    }

    #[test]
    fn an_interface_that_is_ready_has_no_problem() {
        assert!(
            facts()
                .checks()
                .iter()
                .all(|check| check.finding == Finding::Good)
        );
    }

    #[test]
    fn each_problem_is_found_with_its_remedy() {
        let short = Facts {
            rx_mtu: (1641, 9214),
            ..facts()
        };
        let (check, problem, remedy) = bad(&short);
        assert_eq!((check, &remedy[..]), ("mtu", "ip link set ens1 mtu 1628"));
        assert!(problem.contains("1642"), "{problem}");
        let (_, _, remedy) = bad(&Facts {
            rx_mtu: (1514, 1600),
            ..facts()
        });
        assert!(remedy.contains("at most 1458"), "{remedy}");
        let (check, _, remedy) = bad(&Facts {
            checksum_offload: Some(true),
            ..facts()
        });
        assert_eq!((check, &remedy[..]), ("checksum", "ethtool -K ens1 rx off"));
        let (check, _, remedy) = bad(&Facts {
            checksum_offload: None,
            name: None,
            ..facts()
        });
        assert_eq!(check, "checksum");
        assert!(remedy.contains("<interface>"), "{remedy}");
        for (state, text) in [
            (Queue::Disabled, "is not enabled"),
            (Queue::Absent, "does not have"),
        ] {
            let queues = vec![(0, 0, Queue::Enabled), (1, 5, state)];
            let (check, problem, _) = bad(&Facts { queues, ..facts() });
            assert_eq!(check, "queues");
            assert!(
                problem.contains("core 1") && problem.contains("queue 5") && problem.contains(text),
                "{problem}"
            );
        }
        let (check, problem, _) = bad(&Facts {
            app_mask: (0, 0xff),
            ..facts()
        });
        assert_eq!(check, "app_mask");
        assert!(problem.contains("0x000000ff"), "{problem}");
    }
}
