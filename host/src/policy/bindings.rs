//! Types of the policies that are admitted but not asked yet, generated from their WIT: what a plugin exports
//! is compared with them, so that a release made today can be asked by the adapter of tomorrow.

pub(super) mod billing {
    wasmtime::component::bindgen!({
        path: ["../wit/log", "../wit/billing"],
        world: "switchboard:billing/billing",
        exports: { default: async },
    });
    pub(in crate::policy) use exports::switchboard::billing::policy::{Decision, Facts};
}

pub(super) mod owner_onboarding {
    wasmtime::component::bindgen!({
        path: ["../wit/log", "../wit/owner-onboarding"],
        world: "switchboard:owner-onboarding/owner-onboarding",
        exports: { default: async },
    });
    pub(in crate::policy) use exports::switchboard::owner_onboarding::policy::{Decision, Facts};
}
