//! What is emitted: complete, deterministic, and only where Verilog means what Rust means.

use rust_hdl::prelude::*;
use scr_hdl::emit::emit_as;
use scr_hdl::verilog::EmitError;
use scr_hdl::verilog::elaborate::elaborate;
use scr_hdl::verilog::keywords::KEYWORDS;
use scr_hdl::verilog::module::Design;
use scr_hdl::{BuildError, CoreConfig, TopProblem, emit};
use scr_wire::{ConfigError, Field, Profile, profile};

#[test]
fn emission_is_deterministic() {
    let config = CoreConfig::new(&profile::FLOW_TIME);
    assert_eq!(emit(&config).unwrap().files, emit(&config).unwrap().files);
}

#[test]
fn every_module_has_a_prefixed_name_and_clean_ports() {
    for profile in profile::BUILTIN {
        for &width in CoreConfig::WIDTHS {
            let mut config = CoreConfig::new(profile);
            config.width = width;
            for (name, text) in emit(&config).unwrap().files {
                let module = name.strip_suffix(".v").unwrap();
                assert!(module.starts_with("scr_sequencer"), "{name}");
                assert_eq!(text.matches("endmodule").count(), 1, "{name}");
                assert!(text.contains(&format!("module {module} ")), "{name}");
                assert!(!text.contains('$'), "{name}");
                assert!(text.contains("`default_nettype none"), "{name}");
            }
        }
    }
}

#[test]
fn comments_say_what_they_mean() {
    for (name, text) in emit(&CoreConfig::new(&profile::FLOW)).unwrap().files {
        for comment in text.lines().filter_map(|l| l.trim().strip_prefix("// ")) {
            let first = comment.split(' ').next().unwrap_or_default();
            let points_back = matches!(first, "It" | "Its" | "That" | "They" | "Their" | "Them")
                || comment.starts_with("The same");
            assert!(!points_back, "{name}: {comment}");
        }
    }
}

#[test]
fn fields_of_bundles_have_names() {
    let design = emit(&CoreConfig::new(&profile::FLOW)).unwrap();
    let text = |module: &str| {
        let name = format!("scr_sequencer_{module}.v");
        let mut files = design.files.iter();
        &files.find(|(file, _)| *file == name).unwrap().1
    };
    let scheduler = text("scheduler");
    assert!(scheduler.contains("\nassign ticket_address_after = ticket[57:49];\n"));
    assert!(scheduler.contains(" next_address_next = ticket_address_after;\n"));
    assert_eq!(scheduler.matches("ticket[57:49]").count(), 1);
    let numberer = text("numberer");
    assert!(numberer.contains("assign made = {\n    made_dest,\n"));
    assert!(!numberer.contains("made["));
}

#[test]
fn the_manifest_lists_what_is_there() {
    let design = emit(&CoreConfig::new(&profile::KNOCK)).unwrap();
    let json = serde_json::to_value(&design.manifest).unwrap();
    assert_eq!(json["top"], "scr_sequencer");
    assert_eq!(json["profile"], "knock");
    assert_eq!(json["history"], 64);
    assert_eq!(json["width"], 512);
    assert_eq!(json["files"].as_array().unwrap().len(), design.files.len());
    assert_eq!(json["files"][0], "scr_sequencer.v");
}

#[test]
fn two_sequencers_share_no_name() {
    let config = CoreConfig::new(&profile::FLOW);
    let names = |top| emit_as(&config, top).unwrap().manifest.files;
    let (a, b) = (names("scr_a"), names("scr_b"));
    assert!(a.iter().all(|name| !b.contains(name)));
}

/// Why `top` is refused, if it is.
fn refusal(top: &str) -> Option<TopProblem> {
    match emit_as(&CoreConfig::new(&profile::FLOW), top) {
        Ok(_) => None,
        Err(BuildError::Top { name, problem }) => {
            assert_eq!(name, top);
            Some(problem)
        }
        Err(other) => panic!("{top}: {other}"),
    }
}

#[test]
fn a_top_is_no_keyword() {
    for keyword in KEYWORDS {
        assert_eq!(refusal(keyword), Some(TopProblem::Keyword), "{keyword}");
    }
    // Names are told apart by their case.
    assert_eq!(refusal("Module"), None);
}

#[test]
fn a_top_is_nothing_that_tools_have() {
    for name in ["std", "TOP"] {
        assert_eq!(refusal(name), Some(TopProblem::Reserved), "{name}");
    }
}

#[test]
fn a_top_is_an_identifier() {
    let long = "a".repeat(201);
    for name in ["", "9", "a b", "a$b", "a-b", "a.b", "é", "\\a", "`a", &long] {
        assert_eq!(refusal(name), Some(TopProblem::NoIdentifier), "{name}");
    }
    assert_eq!(refusal(&long[1..]), None);
    assert_eq!(refusal("_9"), None);
}

#[test]
fn a_top_is_called_like_nothing_inside_it() {
    let design = emit(&CoreConfig::new(&profile::FLOW)).unwrap();
    let ports = design.ports.iter().map(|port| port.name.as_str());
    // Instances, and a wire between them.
    let inside = ["datapath", "registers", "registers_cores"];
    for name in ports.chain(inside) {
        assert_eq!(refusal(name), Some(TopProblem::Inside), "{name}");
    }
    // What is inside other modules does no harm.
    for name in ["history", "write_pointer_reg", "CLK"] {
        assert_eq!(refusal(name), None, "{name}");
    }
}

#[test]
fn bad_parameters_are_refused() {
    let refused = |change: fn(&mut CoreConfig)| {
        let mut config = CoreConfig::new(&profile::FLOW);
        change(&mut config);
        emit(&config).unwrap_err()
    };
    assert_eq!(refused(|c| c.history = 15), ConfigError::History(15).into());
    assert_eq!(
        refused(|c| c.history = 257),
        ConfigError::History(257).into()
    );
    assert_eq!(refused(|c| c.width = 64), BuildError::Width(64));
    assert_eq!(refused(|c| c.max_cores = 0), ConfigError::Cores(0).into());
    assert_eq!(
        refused(|c| c.max_cores = 129),
        ConfigError::Cores(129).into()
    );
}

#[test]
fn a_users_profile_becomes_wiring() {
    const MINE: Profile = Profile::new(
        200,
        "mine",
        8,
        &[Field::DstPort, Field::SrcIp4, Field::Zero(2)],
    );
    let design = emit(&CoreConfig::new(&MINE)).unwrap();
    let laid_out = design
        .files
        .iter()
        .find(|(name, _)| name == "scr_sequencer_row_fields.v");
    let text = &laid_out.unwrap().1;
    assert!(text.contains("layout_row[15:0] = layout_dst_port;"));
    assert!(text.contains("layout_row[47:16] = layout_src_ip[127:96];"));
    assert!(text.contains("layout_row[63:48] = 16'd0;"));
}

/// The sum of two bytes, widened: eight bits in Rust, nine in Verilog.
#[derive(LogicBlock, Default)]
struct Widened {
    clock: Signal<In, Clock>,
    a: Signal<In, Bits<8>>,
    sum: Signal<Out, Bits<9>>,
}

impl Logic for Widened {
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = bit_cast::<9, 8>(self.a.val() + 1);
    }
}

/// The low bits of a sum: a truncation that only a signal of its own makes safe.
#[derive(LogicBlock, Default)]
struct Truncated {
    clock: Signal<In, Clock>,
    a: Signal<In, Bits<8>>,
    low: Signal<Out, Bits<4>>,
}

impl Logic for Truncated {
    #[hdl_gen]
    fn update(&mut self) {
        self.low.next = bit_cast::<4, 8>(self.a.val() + 1);
    }
}

/// Two bytes in the upper part of a word.
#[derive(LogicBlock, Default)]
struct Joined {
    clock: Signal<In, Clock>,
    a: Signal<In, Bits<8>>,
    b: Signal<In, Bits<4>>,
    joined: Signal<Out, Bits<20>>,
    overlapping: Signal<Out, Bits<20>>,
}

impl Logic for Joined {
    #[hdl_gen]
    fn update(&mut self) {
        self.joined.next =
            (bit_cast::<20, 8>(self.a.val()) << 9) | (bit_cast::<20, 4>(self.b.val()) << 3);
        self.overlapping.next =
            (bit_cast::<20, 8>(self.a.val()) << 2) | bit_cast::<20, 4>(self.b.val());
    }
}

fn text_of(block: &dyn Block) -> Result<String, EmitError> {
    let design = Design {
        docs: &std::collections::HashMap::new(),
        comments: &std::collections::HashMap::new(),
        prefix: "t_",
        top: "t",
        banner: &[],
    };
    let scope = elaborate(block, "t").unwrap();
    Ok(design.modules(&scope, "T")?.remove(0).text)
}

#[test]
fn a_widened_sum_is_evaluated_on_its_own() {
    let text = text_of(&Widened::default()).unwrap();
    assert!(text.contains("assign sum = {1'd0, a + 8'd1};"), "{text}");
}

#[test]
fn what_is_shifted_and_joined_becomes_a_concatenation() {
    let text = text_of(&Joined::default()).unwrap();
    assert!(
        text.contains("assign joined = {3'd0, a, 2'd0, b, 3'd0};"),
        "{text}"
    );
    let kept = "assign overlapping = ({12'd0, a} << 2) | {16'd0, b};";
    assert!(text.contains(kept), "{text}");
}

#[test]
fn a_truncated_sum_is_refused() {
    let error = text_of(&Truncated::default()).unwrap_err();
    assert!(matches!(error, EmitError::Width { .. }), "{error}");
}
