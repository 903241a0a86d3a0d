//! `cfg_attr` chooses between variants, and what is cut by `cfg` is no app.
#![deny(warnings)]

#[cfg_attr(all(), machinist::app(machine_type = "GPU-H100", name = "chosen"))]
#[cfg_attr(any(), machinist::app(machine_type = "GPU-B200", name = "chosen"))]
fn chosen() {}

#[machinist::app(machine_type = "S")]
#[cfg(any())]
fn cut_below() {}

#[cfg(any())]
#[machinist::app(machine_type = "S")]
fn cut_above() {}

#[machinist::app(machine_type = "S")]
struct WithCutField {
    #[cfg(any())]
    field: NoSuchType,
}

fn main() {
    chosen();
    let _ = WithCutField {};
    let names: Vec<&str> = machinist::apps().iter().map(|app| app.name).collect();
    assert_eq!(names, ["chosen", "with-cut-field"]);
    assert_eq!(machinist::apps()[0].machine_types[0].name, "GPU-H100");
}
