//! An unsafe function stays one.

/// # Safety
///
/// None is needed.
#[machinist::app(machine_type = "S")]
pub unsafe extern "C" fn serve() -> u32 {
    3
}

fn main() {
    // SAFETY: it needs none.
    assert_eq!(unsafe { serve() }, 3);
}
