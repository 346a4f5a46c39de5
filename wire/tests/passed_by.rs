//! Why frames get no number, and which frames with SCR's EtherType are somebody else's.

use proptest::prelude::*;
use scr_wire::parse::{ETHERTYPE_IPV4, ETHERTYPE_IPV6, VLAN_TPIDS};
use scr_wire::{
    Config, Disposition, Geometry, Header, PassedBy, Seq, Sequencer, Timestamp, foreign, header,
    profile,
};

/// EtherTypes that mean something to somebody, and any other.
fn ethertype() -> impl Strategy<Value = u16> {
    const KNOWN: &[u16] = &[
        ETHERTYPE_IPV4,
        ETHERTYPE_IPV6,
        header::ETHERTYPE,
        0x0806,
        0x8847,
        0x8848,
        0x8863,
        0x8864,
        0x88cc,
        0,
        1500,
        1501,
    ];
    prop_oneof![6 => proptest::sample::select(KNOWN), 1 => any::<u16>()]
}

/// Tags, an EtherType, a first byte that may be that of an IP header, and whatever follows.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let tags = proptest::collection::vec(proptest::sample::select(&VLAN_TPIDS[..]), 0..4);
    let first = prop_oneof![Just(0x45), Just(0x60), Just(0x4f), any::<u8>()];
    let rest = proptest::collection::vec(any::<u8>(), 0..64);
    let whole = (tags, ethertype(), first, rest).prop_map(|(tags, ethertype, first, rest)| {
        let mut frame = vec![2; 12];
        for tpid in tags {
            frame.extend(tpid.to_be_bytes());
            frame.extend([0, 7]);
        }
        frame.extend(ethertype.to_be_bytes());
        frame.push(first);
        frame.extend(rest);
        frame
    });
    (whole, 0usize..200).prop_map(|(mut frame, keep)| {
        if keep < 40 {
            frame.truncate(keep);
        }
        frame
    })
}

proptest! {
    #[test]
    fn there_is_a_reason_exactly_where_there_is_no_number(
        frame in frame(),
        profile in proptest::sample::select(&profile::BUILTIN[..]),
        enable in proptest::bool::weighted(0.8),
        sequence_all in proptest::bool::weighted(0.2),
    ) {
        let words = Geometry::fewest_words(profile, 1).unwrap().prefix_words();
        let config = Config { enable, sequence_all, ..Config::new(1, words) };
        let mut sequencer = Box::new(Sequencer::new(profile, 16, config).unwrap());
        let mut prefix = [0; 128];
        let passed_by =
            sequencer.sequence(&frame, Timestamp::default(), &mut prefix) == Disposition::PassedBy;
        let reason = config.passes_by(&frame, profile.has_ipv6());
        // A frame without bytes never reaches a sequencer.
        if frame.is_empty() {
            prop_assert_eq!(reason, Some(PassedBy::NotCaptured));
        } else {
            prop_assert_eq!(reason.is_some(), passed_by, "{:?}", reason);
            prop_assert_eq!(reason == Some(PassedBy::Disabled), !enable);
        }
        if profile.has_ipv6() {
            prop_assert_ne!(reason, Some(PassedBy::Ipv6UnderV4Profile));
        }
    }

    #[test]
    fn damage_to_one_byte_makes_no_stranger(
        at in 0usize..16,
        byte: u8,
        profile in proptest::sample::select(&profile::BUILTIN[..]),
        cores in 1u8..=128,
        more in 0u8..4,
        seq in 0u64..1 << 40,
    ) {
        let fewest = Geometry::fewest_words(profile, cores.into());
        let words = fewest.map_or(63, Geometry::prefix_words).saturating_add(more).min(63);
        let rows = Geometry::new(profile, words).unwrap().rows();
        let header = Header {
            profile: profile.id(),
            prefix_words: words,
            cores,
            core: (seq % u64::from(cores)) as u8,
            epoch: (seq % 64) as u8,
            seq: Seq::new(seq),
            valid_rows: (seq + 1).min(rows as u64).min(255) as u8,
            row_log2: profile.row_log2(),
        };
        let mut frame = header.emit();
        prop_assert_eq!(foreign::contradictions(&frame).count(), 0);
        frame[at] = byte;
        prop_assert!(!foreign::is_foreign(&frame));
        prop_assert_eq!(foreign::is_scr(&frame), frame[12..14] == [0x88, 0xb5]);
    }
}

/// A frame of this EtherType with 46 further bytes.
fn of(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1];
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame.resize(60, 0);
    frame
}

#[test]
fn reasons_of_known_frames() {
    let v4 = |frame: &[u8]| PassedBy::reason(frame, false).map(PassedBy::name);
    let v6 = |frame: &[u8]| PassedBy::reason(frame, true).map(PassedBy::name);
    let ipv6 = of(0x86dd, &[0x60]);
    assert_eq!(v4(&ipv6), Some("ipv6-under-v4-profile"));
    assert_eq!(v6(&ipv6), None);
    assert_eq!(v6(&ipv6[..30]), Some("no-ip-header"));
    let ipv4 = of(0x0800, &[0x45]);
    assert_eq!((v4(&ipv4), v6(&ipv4)), (None, None));
    assert_eq!(v4(&ipv4[..33]), Some("no-ip-header"));
    assert_eq!(v4(&of(0x0800, &[0x65])), Some("no-ip-header"));
    assert_eq!(v4(&of(0x0806, &[])), Some("arp"));
    assert_eq!(v4(&of(0x8847, &[])), Some("mpls"));
    assert_eq!(v4(&of(0x8864, &[])), Some("pppoe"));
    assert_eq!(v4(&of(0x88cc, &[])), Some("lldp"));
    assert_eq!(v4(&of(38, &[0x42, 0x42, 3])), Some("llc"));
    assert_eq!(v4(&of(0x88f7, &[])), Some("other-ethertype"));
    assert_eq!(v4(&of(0x88b5, b"hello")), Some("other-ethertype"));
    assert_eq!(v4(&ipv4[..13]), Some("too-short"));
    assert_eq!(v4(&[]), Some("not-captured"));
    for tpid in VLAN_TPIDS {
        let [high, low] = tpid.to_be_bytes();
        let tagged = |depth: usize, inner: &[u8]| {
            let payload = [0, 5, high, low].repeat(depth - 1);
            let payload = [&payload[..], &[0, 5], inner].concat();
            of(tpid, &payload)
        };
        let ip = [&[8, 0, 0x45][..], &[0; 30]].concat();
        assert_eq!(v4(&tagged(1, &ip)), None);
        assert_eq!(v4(&tagged(2, &ip)), None);
        assert_eq!(v4(&tagged(3, &ip)), Some("vlan-depth"));
        assert_eq!(v4(&tagged(2, &[8, 6])), Some("arp"));
        assert_eq!(v4(&of(tpid, &[])[..16]), Some("too-short"));
    }
}

#[test]
fn frames_of_others_with_the_ethertype() {
    let mut frames = vec![
        of(0x88b5, b"hello"),
        of(0x88b5, &[]),
        of(0x88b5, &[0xff; 46]),
    ];
    let mut broadcast = of(0x88b5, &[1, 4]);
    broadcast[..6].fill(0xff);
    frames.push(broadcast);
    for frame in frames {
        assert!(foreign::is_foreign(&frame));
        assert!(!foreign::is_scr(&frame));
    }
    // What is cut in the header is given the benefit of the doubt, and other EtherTypes are no strangers here.
    assert!(foreign::is_scr(&of(0x88b5, b"hello")[..15]));
    assert!(!foreign::is_foreign(&of(0x0800, &[])));
}

#[test]
fn names_and_places_are_distinct() {
    for (place, reason) in PassedBy::ALL.into_iter().enumerate() {
        assert_eq!(reason.index(), place);
        let same = PassedBy::ALL
            .into_iter()
            .filter(|r| r.name() == reason.name());
        assert_eq!(same.count(), 1);
    }
}
