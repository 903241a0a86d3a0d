//! Items and values that a `macro_rules!` hands on.
#![deny(warnings)]

macro_rules! app {
    ($machine:literal, $gpus:expr, $vis:vis $name:ident) => {
        #[machinist::app(machine_type = $machine, gpus = $gpus)]
        $vis struct $name;
    };
}

macro_rules! annotate {
    ($item:item) => {
        #[machinist::app(machine_type = "S")]
        $item
    };
}

app!("GPU-H100", 2, pub(crate) First);
app!("GPU-H200", 4, Second);

annotate! {
    fn third<T: Clone>(x: T) -> T {
        x.clone()
    }
}

fn main() {
    let _ = (First, Second, third(1));
    let apps = machinist::apps();
    let gpus: Vec<(&str, u32)> = apps.iter().map(|app| (app.name, app.gpus)).collect();
    assert_eq!(gpus, [("first", 2), ("second", 4), ("third", 0)]);
}
