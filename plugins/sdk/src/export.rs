//! The macros that turn a type with a rule into the exports of a component.

/// Exports a [`job_resolution::Policy`](crate::job_resolution::Policy).
#[macro_export]
macro_rules! export_job_resolution {
    ($policy:ty) => {
        $crate::__export_policy!($policy, job_resolution);
    };
}

/// Exports a [`call_scheduling::Policy`](crate::call_scheduling::Policy).
#[macro_export]
macro_rules! export_call_scheduling {
    ($policy:ty) => {
        $crate::__export_policy!($policy, call_scheduling);
    };
}

/// Exports a [`billing::Policy`](crate::billing::Policy).
#[macro_export]
macro_rules! export_billing {
    ($policy:ty) => {
        $crate::__export_policy!($policy, billing);
    };
}

/// Exports an [`owner_onboarding::Policy`](crate::owner_onboarding::Policy).
#[macro_export]
macro_rules! export_owner_onboarding {
    ($policy:ty) => {
        $crate::__export_policy!($policy, owner_onboarding);
    };
}

/// The one shape behind the four macros. Natively it only checks that the type has the rule: a system linker
/// refuses the export names of components.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_policy {
    ($policy:ty, $module:ident) => {
        #[cfg(not(target_family = "wasm"))]
        const _: () = {
            const fn has_rule<P: $crate::$module::Policy>() {}
            has_rule::<$policy>()
        };

        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Exported;

            impl $crate::$module::bindings::Guest for Exported {
                fn validate_settings(settings: String) -> Result<(), Vec<$crate::$module::SettingsProblem>> {
                    $crate::install_panic_log();
                    $crate::$module::validate_settings::<$policy>(&settings)
                }

                fn decide(facts: $crate::$module::Facts, settings: String) -> $crate::$module::Decision {
                    $crate::install_panic_log();
                    $crate::$module::decide::<$policy>(facts, &settings)
                }
            }

    $crate::$module::bindings::export!(Exported with_types_in $crate::$module::bindings);
        };
    };
}

/// What every policy module has besides its own types: the trait, and the two entry points over it.
macro_rules! policy_entry_points {
    () => {
        /// One rule.
        pub trait Policy {
            /// What an operator may set. `()` for a rule without settings.
            type Settings: crate::settings::Settings;

            /// Decides. The same facts and settings give the same decision, always.
            fn decide(facts: Facts, settings: Self::Settings) -> Decision;
        }

        /// What the plugin answers to `validate-settings`.
        ///
        /// # Errors
        ///
        /// Every problem of the settings, each with its place.
        pub fn validate_settings<P: Policy>(settings: &str) -> Result<(), Vec<SettingsProblem>> {
            match crate::settings::parse::<P::Settings>(settings) {
                Ok(_) => Ok(()),
                Err(problems) => Err(problems
                    .into_iter()
                    .map(|problem| SettingsProblem { pointer: problem.pointer, message: problem.message })
                    .collect()),
            }
        }

        /// What the plugin answers to `decide`.
        ///
        /// # Panics
        ///
        /// When the settings were never valid. The host asks `validate-settings` before it makes a release,
        /// so this tells of a fault, and a trap is how a guest tells one.
        pub fn decide<P: Policy>(facts: Facts, settings: &str) -> Decision {
            P::decide(facts, crate::settings::parse_or_trap(settings))
        }
    };
}

pub(crate) use policy_entry_points;
