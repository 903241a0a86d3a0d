//! How an app gets into the binary: the only place that knows linkers.

/// What expansions name.
#[doc(hidden)]
pub mod __private {
    pub use core::option::Option::Some;
    pub use core::primitive::u8;
    pub use inventory;

    pub use crate::registry::Registration;
}

/// Defines the macro that registers an app: a record in the binary, which the registry of the
/// running program knows too.
///
/// `#[used]` keeps the record through every optimisation; the section's name is the one of
/// `machinist_core::record`, which an attribute cannot name. It is chosen here and not in each
/// expansion, where the compiler would take time for it.
///
/// What is written in the attribute of a function is typed for an IDE alone, which then leads to
/// its documentation: the compiler would take longer for it than for all the rest. Of the
/// conditions that every compiler knows, `miri` is the one that rust-analyzer sets.
#[rustfmt::skip]
macro_rules! register_in {
    ($section:literal $d:tt) => {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! __register {
            ($d length:literal $d record:literal {$d($d guard:tt)*} $d($d documented:tt)?) => {
                $crate::__private::inventory::submit! {
                    $crate::__private::Registration({
                        #[used]
                        #[unsafe(link_section = $section)]
                        static RECORD: [$crate::__private::u8; $d length] = *$d record;
                        $d($d guard)*
                        &RECORD
                    })
                }

                $d(
                    #[cfg(miri)]
                    $crate::__documented! $d documented
                )?
            };
        }
    };
}

#[cfg(target_vendor = "apple")]
register_in! { "__DATA,__mchnst" $ }
#[cfg(not(target_vendor = "apple"))]
register_in! { ".mchnst" $ }

/// Types what is written in an attribute.
#[doc(hidden)]
#[macro_export]
macro_rules! __documented {
    ([$($machine:ident)*] [$($key:ident)*] [$($code:ident)*] [$($scaling:ident)*]) => {
        const _: () = {
            $(let _ = $crate::catalogue::$machine;)*
            $(let _ = $crate::Spec::EMPTY.$key;)*
            $(let _ = $crate::CodeParameters::NONE.$code;)*
            $(let _ = $crate::ScalingParameters::NONE.$scaling;)*
        };
    };
}

/// Implements the trait for a type, in const code.
#[doc(hidden)]
#[macro_export]
macro_rules! __implement {
    (
        ($($params:tt)*) ($type:ty) ($($bounds:tt)*)
        $name_key:ident $name:literal
        $machine_types:ident [$($machines:tt)*]
        $gpus_key:ident $gpus:literal
        {$($code:ident $code_value:tt)*} {$($scaling:ident $scaling_value:tt)*}
    ) => {
        // `dead_code`: a type may stand for its app and be no value anywhere.
        // `needless_update`: an attribute that sets every parameter leaves nothing to fill up.
        #[automatically_derived]
        #[allow(dead_code, deprecated, clippy::needless_update)]
        impl<$($params)*> $crate::App for $type $($bounds)* {
            const SPEC: $crate::Spec = $crate::Spec {
                $name_key: $name,
                $machine_types: &[$($machines)*],
                $gpus_key: $gpus,
                code: $crate::CodeParameters {
                    $($code: $crate::__private::Some($code_value),)*
                    ..$crate::CodeParameters::NONE
                },
                scaling: $crate::ScalingParameters {
                    $($scaling: $crate::__private::Some($scaling_value),)*
                    ..$crate::ScalingParameters::NONE
                },
            };
        }
    };
}
