//! The steps from rust-hdl's tree to Verilog, each by itself.

use rust_hdl::prelude::AtomKind;
use scr_hdl::primitive::keep_count::ends;
use scr_hdl::verilog::comments;
use scr_hdl::verilog::elaborate::{AtomInfo, Scope};
use scr_hdl::verilog::fields::{Field, name_fields};
use scr_hdl::verilog::ir::{Expr, Stmt, Target};
use scr_hdl::verilog::keywords::{KEYWORDS, is_keyword};
use scr_hdl::verilog::used::Used;

#[test]
fn parts_that_nothing_reads_come_highest_first() {
    let mut used = Used::default();
    used.part("a", 2..4);
    used.part("a", 6..7);
    assert_eq!(used.unread("a", 8), [7..8, 4..6, 0..2]);
    assert_eq!(
        used.unread("b", 3),
        std::iter::once(0..3).collect::<Vec<_>>()
    );
    used.all("a");
    assert!(used.unread("a", 8).is_empty());
}

#[test]
fn the_list_of_keywords_is_sorted_and_has_no_word_twice() {
    assert!(KEYWORDS.is_sorted_by(|a, b| a < b));
}

#[test]
fn words_of_every_standard_are_keywords() {
    // Verilog-1995, 2001, 2005, SystemVerilog 2005, 2009, 2012.
    for word in [
        "endmodule",
        "supply0",
        "generate",
        "localparam",
        "uwire",
        "always_ff",
        "endclass",
        "checker",
        "s_until_with",
        "interconnect",
        "implements",
        "soft",
    ] {
        assert!(is_keyword(word), "{word}");
    }
    for word in [
        "",
        "Module",
        "MODULE",
        "implement",
        "process",
        "clk",
        "always_",
        "std",
    ] {
        assert!(!is_keyword(word), "{word}");
    }
}

fn part(name: &str, bits: usize, offset: u128) -> Expr {
    let whole = Box::new(Expr::Signal(name.to_owned()));
    Expr::Slice(whole, bits, Box::new(Expr::Literal(offset)))
}

fn assign(name: &str, part: Option<(usize, usize)>, value: Expr) -> Stmt {
    let target = Target {
        name: name.to_owned(),
        part,
        comment: Vec::new(),
    };
    Stmt::Assign(target, value)
}

fn names(statements: &[Stmt]) -> Vec<String> {
    let target = |s: &Stmt| s.first_target().map(|t| t.name.clone());
    statements.iter().filter_map(target).collect()
}

fn scope() -> Scope {
    let field = |name: &str, offset, bits| Field {
        name: name.to_owned(),
        offset,
        bits,
    };
    let pair = |name: &str| AtomInfo {
        name: name.to_owned(),
        kind: AtomKind::LocalSignal,
        bits: 8,
        literal: String::new(),
        is_clock: false,
        fields: vec![field("low", 0, 3), field("high", 3, 5)],
    };
    Scope {
        name: "top".to_owned(),
        atoms: vec![pair("a"), pair("b")],
        code: rust_hdl::prelude::Verilog::Empty,
        children: Vec::new(),
    }
}

#[test]
fn fields_that_are_read_become_wires() {
    let mut scope = scope();
    let mut statements = vec![
        assign("x", None, part("a", 5, 3)),
        assign("y", None, part("a", 2, 0)),
    ];
    name_fields(&mut statements, &mut scope, str::to_owned);
    assert_eq!(names(&statements), ["a$high", "x", "y"]);
    let Stmt::Assign(_, Expr::Signal(source)) = &statements[1] else {
        panic!("{statements:?}");
    };
    assert_eq!(source, "a$high");
    // Half a field has no name.
    assert!(matches!(&statements[2], Stmt::Assign(_, Expr::Slice(..))));
    assert_eq!(scope.atoms.len(), 3);
}

#[test]
fn a_bundle_that_is_made_field_by_field_is_joined() {
    let mut scope = scope();
    let mut statements = vec![
        assign("b", Some((0, 3)), part("a", 3, 0)),
        assign("b", Some((3, 5)), part("a", 5, 3)),
        assign("x", None, part("b", 3, 0)),
    ];
    name_fields(&mut statements, &mut scope, str::to_owned);
    let expected = ["a$low", "a$high", "b$low", "b$high", "b", "x"];
    assert_eq!(names(&statements), expected);
}

#[test]
fn a_bundle_that_is_also_made_as_a_whole_is_left_alone() {
    let mut scope = scope();
    let mut statements = vec![
        assign("b", None, Expr::Signal("a".to_owned())),
        assign("b", Some((0, 3)), Expr::Signal("x".to_owned())),
    ];
    name_fields(&mut statements, &mut scope, str::to_owned);
    assert_eq!(names(&statements), ["b", "b"]);
    assert_eq!(scope.atoms.len(), 2);
}

const SOURCE: &str = "
impl Logic for Thing {
#[hdl_gen]
fn update(&mut self) {
    dff_setup!(self, clk, count);
    // Counts
    // up.
    if self.up.val() {
        self.count.d.next = self.count.q.val() + 1;
    }
    // Starts anew.
    if self.rst.val() {
        self.count.d.next = 0.into();
    }
    for i in 0..4 {
        // One lane.
        self.lane[i].write.next = true;
    }
}
}
";

#[test]
fn comments_are_found_by_what_follows() {
    let blocks = comments::read(&[SOURCE]);
    let thing = &blocks["Thing"];
    let at = |target: &str, place| thing[&(target.to_owned(), place)].join(" ");
    assert_eq!(at("count$d", 1), "Counts up.");
    assert_eq!(at("count$d", 2), "Starts anew.");
    assert_eq!(at("lane$0$write", 0), "One lane.");
    assert_eq!(thing.len(), 3);
}

#[test]
fn parities_of_filled_groups_are_the_count() {
    for bytes in [8, 16, 32, 64, 128] {
        for count in 0..=bytes {
            let bits =
                (0..8).map(|bit| (ends(bytes, bit).filter(|&end| end < count).count() % 2) << bit);
            assert_eq!(bits.sum::<usize>(), count, "of {bytes}");
        }
    }
}
