//! The theorem: replicas and verdicts equal those of a single thread over the surviving rows.

use crate::support::{Packet, Setup, packet, run};
use proptest::prelude::*;
use scr_runtime::EventLevel;
use scr_runtime::device::Select;
use scr_wire::{Geometry, profile};

fn setup() -> impl Strategy<Value = Setup> {
    let function = prop_oneof![
        Just(("conntrack", vec![])),
        Just(("conntrack", vec!["capacity=4"])),
        Just(("ddos", vec!["threshold=5"])),
        Just(("ddos", vec!["threshold=3", "capacity=4"])),
        Just(("ddos", vec!["threshold=2", "window=0.00001"])),
        Just(("heavy-hitter", vec![])),
        Just(("heavy-hitter", vec!["syn-fin", "capacity=5"])),
        Just(("port-knock", vec![])),
        Just(("port-knock", vec!["sticky-open", "capacity=3"])),
        Just(("token-bucket", vec!["rate=30000", "burst=2"])),
        Just(("token-bucket", vec!["syn-fin", "burst=1", "capacity=5"])),
    ];
    let sizes = (1u8..=16, 0u8..6, 16usize..=256, any::<bool>());
    let queues = (1usize..20, 2usize..6, 1usize..4, 0usize..5);
    (function, sizes, queues).prop_map(
        |(
            (nf, options),
            (cores, extra, history, sequence_all),
            (batch, batches, threads, wider),
        )| {
            let options: Vec<String> = options.into_iter().map(str::to_owned).collect();
            let mut function = scr_nf::Selected::new(nf, &options).unwrap();
            if sequence_all {
                function = function.with_other_frames();
            }
            let smallest = function.smallest_profile();
            let profiles: Vec<_> = profile::BUILTIN
                .into_iter()
                .filter(|p| function.check(p).is_ok())
                .collect();
            let profile = profiles.get(wider).copied().unwrap_or(smallest);
            let fewest = Geometry::fewest_words(profile, cores.into()).unwrap();
            Setup {
                options,
                profile,
                words: fewest.prefix_words() + extra,
                history,
                sequence_all,
                batch_frames: batch,
                batches,
                threads,
                ..Setup::new(nf, cores)
            }
        },
    )
}

fn loss() -> impl Strategy<Value = Option<Select>> {
    let rate = prop_oneof![Just(0.01), Just(0.1), Just(0.5), Just(0.95)];
    prop_oneof![
        Just(None),
        (rate, any::<u64>())
            .prop_map(|(probability, seed)| Some(Select::Rate { probability, seed })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn replicas_equal_the_single_thread(
        setup in setup(),
        packets in proptest::collection::vec(packet(), 0..400),
        loss in loss(),
        max_rows in prop_oneof![3 => Just(0u8), 1 => 1u8..40],
    ) {
        let max_rows = if max_rows == 0 { 255 } else { max_rows.max(setup.cores) };
        let setup = Setup { loss, max_rows, ..setup };
        let ran = run(&setup, &packets);
        let report = &ran.report;
        prop_assert!(report.replicas_agree, "{:?}", report.mismatch);
        prop_assert_eq!(report.verified, Some(true), "{:?}", report.mismatch);
        // Nothing is lost silently.
        prop_assert_eq!(report.packets, packets.len() as u64);
        prop_assert_eq!(report.packets, report.sequenced + report.passed_by);
        let decided = report.verdicts.pass + report.verdicts.drop;
        prop_assert_eq!(report.sequenced, decided + report.loss.frames_lost);
        prop_assert!(report.rejected.is_empty());
        prop_assert_eq!(report.loss.rows_unrecovered, 0);
        let frames: u64 = report.per_core.iter().map(|core| core.frames).sum();
        prop_assert_eq!(frames, decided);
        for core in &report.per_core {
            prop_assert_eq!(core.rows_applied, report.sequenced - report.loss.rows_lost_everywhere);
        }
        // What passed comes out in order, unaltered, with everything that passed by.
        prop_assert_eq!(ran.out.len() as u64, report.verdicts.pass + report.passed_by);
        prop_assert!(ran.out.windows(2).all(|two| two[0].0 < two[1].0));
        for (index, bytes) in &ran.out {
            prop_assert_eq!(bytes, &packets[*index as usize - 1].bytes());
        }
        // Counts and events say the same.
        let events = |name| ran.events.iter().filter(|e| e["event"] == name).count() as u64;
        prop_assert_eq!(events("row-from-frame"), report.loss.rows_from_frames);
        prop_assert_eq!(events("row-from-log"), report.loss.rows_from_logs);
    }
}

#[test]
fn losses_within_redundancy_need_no_peer() {
    for cores in [1u8, 2, 3, 7, 16] {
        for in_a_row in 1u64..4 {
            let rows = (in_a_row + 1) * u64::from(cores);
            let mut setup = Setup::new("heavy-hitter", cores);
            setup.words = Geometry::fewest_words(setup.profile, rows as usize)
                .unwrap()
                .prefix_words();
            // Core 0 loses `in_a_row` frames in a row, again and again.
            let k = u64::from(cores);
            let lost =
                (0..600u64).filter(|seq| seq % k == 0 && seq / k % (in_a_row + 2) < in_a_row);
            let lost: Vec<String> = lost.map(|seq| seq.to_string()).collect();
            let setup = setup.lose(&lost.join(","));
            let packets: Vec<_> = (0..600u32).map(|n| Packet::tcp(n as u8, 100, 2)).collect();
            let report = run(&setup, &packets).report;
            assert_eq!(report.verified, Some(true), "{:?}", report.mismatch);
            let loss = &report.loss;
            assert_eq!(loss.frames_lost, lost.len() as u64);
            assert_eq!(loss.rows_from_logs, 0, "k {cores}, {in_a_row} in a row");
            assert!(loss.rows_from_frames > 0);
        }
    }
}

#[test]
fn sequence_numbers_wrap() {
    let packets: Vec<_> = (0..500u32)
        .map(|n| Packet::tcp(n as u8 % 9, 100, 2))
        .collect();
    for list in ["", "1099511627770-1099511627775,0-3", "1099511627775"] {
        let mut setup = Setup::new("heavy-hitter", 3).lose(list);
        setup.first_seq = (1 << 40) - 100;
        let ran = run(&setup, &packets);
        assert_eq!(ran.report.verified, Some(true), "{:?}", ran.report.mismatch);
        assert_eq!(ran.report.sequenced, 500);
        assert_eq!(ran.state["last_seq"], 399);
    }
}

#[test]
fn a_core_whose_frames_all_vanish_keeps_up_through_logs() {
    // 20,000 packets: many times what a log holds.
    let lost: Vec<String> = (0..20_000u32)
        .filter(|n| n % 4 == 2)
        .map(|n| n.to_string())
        .collect();
    let mut setup = Setup::new("heavy-hitter", 4).lose(&lost.join(","));
    setup.events = EventLevel::Off;
    let packets: Vec<_> = (0..20_000u32)
        .map(|n| Packet::tcp(n as u8, 100, 2))
        .collect();
    let report = run(&setup, &packets).report;
    assert_eq!(report.verified, Some(true), "{:?}", report.mismatch);
    assert!(report.replicas_agree);
    assert_eq!(report.loss.rows_unrecovered, 0);
    assert_eq!(report.per_core[2].frames, 0);
    assert_eq!(report.per_core[2].rows_applied, 20_000);
    // It had no frame that any of them could have been missing from.
    assert_eq!(report.loss.rows_from_logs, 0);
}

#[test]
fn replicas_evict_alike() {
    for nf in [
        "conntrack",
        "ddos",
        "heavy-hitter",
        "port-knock",
        "token-bucket",
    ] {
        let mut setup = Setup::new(nf, 5).lose("3-9,40,77,200-230");
        setup.options = vec!["capacity=7".to_owned()];
        let packets: Vec<_> = (0..2000u32)
            .map(|n| {
                Packet::tcp(
                    (n * n / 7) as u8,
                    100 + (n % 3) as u16,
                    if n % 5 == 0 { 1 } else { 2 },
                )
            })
            .collect();
        let ran = run(&setup, &packets);
        assert_eq!(ran.report.verified, Some(true), "{:?}", ran.report.mismatch);
        assert!(ran.state["entries"].as_array().unwrap().len() <= 7);
    }
}

#[test]
fn the_smallest_queues_do_not_stall() {
    let packets: Vec<_> = (0..3000u32).map(|n| Packet::tcp(n as u8, 100, 2)).collect();
    for (batch_frames, batches, threads, cores) in
        [(1, 2, 1, 16), (1, 2, 9, 8), (3, 2, 2, 7), (1, 2, 1, 1)]
    {
        let setup = Setup {
            batch_frames,
            batches,
            threads,
            loss: Some(Select::Rate {
                probability: 0.4,
                seed: 3,
            }),
            ..Setup::new("heavy-hitter", cores)
        };
        let report = run(&setup, &packets).report;
        assert_eq!(report.verified, Some(true), "{:?}", report.mismatch);
        assert!(report.replicas_agree);
    }
}
