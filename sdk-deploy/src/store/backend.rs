//! What a place must offer in which a state is kept.

use std::fmt::Debug;

use machinist_core::problem::Problem;

use super::change_note::ChangeNote;
use super::error::StoreError;
use crate::deployed::Deployed;
use crate::state::State;

/// A state that was read and can be changed.
pub(super) trait Backend: Debug {
    /// The state as it was read, locked or saved last.
    fn state(&self) -> State;

    /// Keeps others from changing it. The state may be another one afterwards. Gives warnings.
    fn lock(&mut self, note: &ChangeNote) -> Result<Vec<Problem>, StoreError>;

    /// Records what is deployed of one app.
    fn record(&mut self, target: &str, deployed: &Deployed, app: &str) -> Result<(), StoreError>;

    /// Puts what was recorded where a kill of this process, or the loss of its machine, loses
    /// nothing of it, and checks that the lock is still held.
    fn publish(&mut self) -> Result<(), StoreError>;

    /// Notes that these apps were not changed as planned.
    fn note_not_done(&mut self, _apps: &[&str]) {}

    /// Writes the state if it differs.
    fn save(&mut self, state: &State) -> Result<(), StoreError>;
}
