//! `#[tokio::main]` above and below.
#![deny(warnings)]

mod above {
    #[tokio::main(flavor = "current_thread")]
    #[machinist::app(machine_type = "S", name = "above")]
    pub async fn main() -> u32 {
        1
    }
}

mod below {
    #[machinist::app(machine_type = "S", name = "below")]
    #[tokio::main(flavor = "current_thread")]
    pub async fn main() -> u32 {
        2
    }
}

fn main() {
    assert_eq!((above::main(), below::main()), (1, 2));
    assert!(machinist::find("above").is_some() && machinist::find("below").is_some());
}
