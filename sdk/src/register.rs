//! Puts an app into the binary. This is the only place that knows about linkers.

/// The items that expansions refer to.
#[doc(hidden)]
pub mod __private {
    pub use core::option::Option::Some;
    pub use core::primitive::u8;
    pub use inventory;

    pub use crate::registry::Registration;
}

/// Defines the macro `__register!`, which puts the record of an app into the binary and into the
/// registry of the running program.
///
/// `#[used]` keeps the record through every optimisation. The name of the section is also in
/// `machinist_core::record`, but an attribute takes only a literal. The section is chosen here, and
/// not by a `cfg` in each expansion, which would cost compile time.
///
/// The references of a function's attribute are compiled only in an IDE, which follows them to the
/// documentation: compiling them would take longer than the rest of the expansion. The condition is
/// `miri` because rust-analyzer sets it, and every compiler knows it.
#[rustfmt::skip]
macro_rules! register_in {
    ($section:literal $d:tt) => {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! __register {
            ($d length:literal $d record:literal {$d($d guard:tt)*} $d($d ide_references:tt)?) => {
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
                    $crate::__ide_references! $d ide_references
                )?
            };
        }
    };
}

#[cfg(target_vendor = "apple")]
register_in! { "__DATA,__mchnst" $ }
#[cfg(not(target_vendor = "apple"))]
register_in! { ".mchnst" $ }

/// Refers to the items that the machine types and keys of an attribute stand for.
#[doc(hidden)]
#[macro_export]
macro_rules! __ide_references {
    ([$($machine:ident)*] [$($key:ident)*] [$($code:ident)*] [$($scaling:ident)*]) => {
        const _: () = {
            $(let _ = $crate::catalogue::$machine;)*
            $(let _ = $crate::Spec::EMPTY.$key;)*
            $(let _ = $crate::CodeParameters::NONE.$code;)*
            $(let _ = $crate::ScalingParameters::NONE.$scaling;)*
        };
    };
}

/// Implements `App` for a type.
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
        // `dead_code`: a type may only represent its app, without a value anywhere.
        // `needless_update`: if an attribute sets every parameter, `..NONE` adds nothing.
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
