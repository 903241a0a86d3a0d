//! How an app gets into the binary: the only place that knows linkers.

/// What expansions name.
#[doc(hidden)]
pub mod __private {
    pub use core::option::Option::Some;
    pub use core::primitive::u8;
    pub use inventory;

    pub use crate::registry::Registration;
}

/// Registers an app: a record in the binary, which the registry of the running program knows too.
///
/// `#[used]` keeps the record through every optimisation; the section's name is the one of
/// `machinist_core::record`, which an attribute cannot name.
///
/// What is written in the attribute of a function is typed for an IDE alone, which then leads to
/// its documentation: the compiler would take longer for it than for all the rest. Of the
/// conditions that every compiler knows, `miri` is the one that rust-analyzer sets.
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    (
        $length:literal $record:literal {$($guard:tt)*}
        $([$($machine:ident)*] [$($key:ident)*] [$($code:ident)*] [$($scaling:ident)*])?
    ) => {
        const _: () = {
            #[used]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mchnst"))]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".mchnst"))]
            static RECORD: [$crate::__private::u8; $length] = *$record;

            $crate::__private::inventory::submit! {
                $crate::__private::Registration(&RECORD)
            }

            $($guard)*

            $(
                #[cfg(miri)]
                const _: () = {
                    $(let _ = $crate::catalogue::$machine;)*
                    $(let _ = $crate::Spec::EMPTY.$key;)*
                    $(let _ = $crate::CodeParameters::NONE.$code;)*
                    $(let _ = $crate::ScalingParameters::NONE.$scaling;)*
                };
            )?
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
