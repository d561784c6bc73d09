//! Safe mode: where only the standard plugin answers, whatever stands in the slot.

use crate::decision::Slot;

/// Where it is on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SafeMode {
    /// In every slot.
    pub everywhere: bool,
    /// In these.
    pub slots: Vec<Slot>,
}

impl SafeMode {
    /// Whether it is on in this very slot.
    #[must_use]
    pub fn covers(&self, slot: Slot) -> bool {
        self.everywhere || self.slots.contains(&slot)
    }
}
