//! The nasty mix as proptest strategies, which shrink to short lists of plain packets.

use proptest::prelude::*;
use scr_wire::{Profile, Timestamp};

use super::packets::{Fragment, Network, Shape, TestPacket, Transport};
use super::steps::{Plan, Setting, Step};
use crate::stream::{Pattern, Settings};

/// A packet's transport layer.
fn transport() -> impl Strategy<Value = Transport> {
    prop_oneof![
        any::<u8>().prop_map(Transport::Tcp),
        Just(Transport::Udp),
        any::<u8>().prop_map(Transport::Other),
    ]
}

/// A packet's network layer.
fn network() -> impl Strategy<Value = Network> {
    let first = prop_oneof![6 => Just(0x45), 4 => 0x45..=0x4fu8, 1 => any::<u8>()];
    let fragment = prop_oneof![
        3 => Just(Fragment::Whole),
        1 => Just(Fragment::First),
        1 => (1..0x2000u16).prop_map(Fragment::Later),
    ];
    let version = prop_oneof![7 => Just(6), 1 => 0..16u8];
    prop_oneof![
        5 => (first, fragment, transport()).prop_map(|(first, fragment, transport)| {
            Network::Ipv4 { first, fragment, transport }
        }),
        2 => (version, 0..4u8, transport()).prop_map(|(version, extensions, transport)| {
            Network::Ipv6 { version, extensions, transport }
        }),
        1 => prop_oneof![Just(0x0806), any::<u16>()].prop_map(Network::Other),
    ]
}

/// A packet of at most 9,000 bytes; most are short.
pub fn packet() -> impl Strategy<Value = TestPacket> {
    let length = prop_oneof![
        8 => 1..=200usize,
        4 => 1..=1_518usize,
        1 => 1..=9_000usize,
    ];
    let shape = (0..4u8, any::<u8>(), network(), length, any::<u64>());
    let time = (any::<u32>(), 0..1_000_000_000u32);
    let user = (any::<bool>(), any::<u32>());
    (shape, time, any::<u8>(), user).prop_map(|(shape, time, id, (bad_frame, user_rest))| {
        let (vlan_tags, tpids, network, length, seed) = shape;
        let shape = Shape {
            vlan_tags,
            tpids,
            network,
            length,
            seed,
        };
        TestPacket {
            bytes: shape.bytes(),
            time: Timestamp {
                seconds: time.0,
                nanos: time.1,
            },
            id: id.into(),
            bad_frame,
            user_rest,
        }
    })
}

/// The pattern with which a source offers or a sink accepts.
pub fn pattern() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        Just(Pattern::Always),
        (1..=255u8).prop_map(Pattern::Random),
        (1..100u16, 1..100u16).prop_map(|(on, off)| Pattern::Bursts { on, off }),
        (1..10u16).prop_map(Pattern::EachAfter),
    ]
}

/// One change of settings, which may be invalid at its position.
fn setting(max_cores: u8, max_queue: u16) -> impl Strategy<Value = Setting> {
    prop_oneof![
        any::<bool>().prop_map(Setting::Enable),
        any::<bool>().prop_map(Setting::SequenceAll),
        (1..=max_cores).prop_map(Setting::Cores),
        (1..=8u8).prop_map(Setting::PrefixWords),
        (0..=max_queue).prop_map(Setting::DefaultQueue),
        (0..max_cores, 0..=max_queue).prop_map(|(core, queue)| Setting::Steer { core, queue }),
    ]
}

/// Up to `plan.packets` packets, among them changes of settings (if `plan.change_every` is not 0), and resets and
/// drains likewise. Changes that would leave invalid settings are left out.
pub fn steps(plan: &Plan) -> impl Strategy<Value = Vec<Step>> + use<> {
    let weight =
        |every: usize| u32::try_from(100_usize.checked_div(every).unwrap_or(0)).unwrap_or(0);
    let step = prop_oneof![
        100 => packet().prop_map(Step::Packet),
        weight(plan.change_every) => setting(plan.max_cores, plan.max_queue).prop_map(Step::Set),
        weight(plan.reset_every) => (1..=20u8).prop_map(Step::Reset),
        weight(plan.drain_every) => Just(Step::Drain),
    ];
    let (profile, history) = (plan.profile, plan.history);
    let settings = plan.settings.clone();
    proptest::collection::vec(step, 1..=plan.packets)
        .prop_map(move |steps| keep_valid(steps, &settings, &profile, history))
}

/// Drops changes that would leave invalid settings.
fn keep_valid(
    steps: Vec<Step>,
    settings: &Settings,
    profile: &Profile,
    history: usize,
) -> Vec<Step> {
    let mut now = settings.clone();
    let mut steps = steps;
    steps.retain(|step| {
        let Step::Set(setting) = step else {
            return true;
        };
        let next = setting.applied(&now);
        let valid = scr_wire::Sequencer::new(profile, history, next.sequencer).is_ok();
        if valid {
            now = next;
        }
        valid
    });
    steps
}
