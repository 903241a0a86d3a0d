//! How an app gets into the binary: the only place that knows linkers.

/// What expansions name.
#[doc(hidden)]
pub mod __private {
    pub use core::option::Option::Some;
    pub use core::primitive::u8;
    pub use inventory;

    use machinist_core::Spec;

    /// An app as it is submitted to the registry.
    #[derive(Debug)]
    pub struct Registration {
        /// What the code says of it.
        pub spec: &'static Spec,
        /// Its record: the same bytes that stand in the binary's section.
        pub record: &'static [u8],
    }

    inventory::collect!(Registration);
}

/// Registers an app: a record in the binary, an entry in the registry of the running program, and
/// for a type the trait.
///
/// `#[used]` keeps the record through every optimisation; the section's name is the one of
/// `machinist_core::record`, which an attribute cannot name.
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    (
        $length:literal $record:literal
        $name_key:ident $name:literal
        $machine_types:ident [$($machines:tt)*]
        $gpus_key:ident $gpus:literal
        {$($code:ident $code_value:tt)*} {$($scaling:ident $scaling_value:tt)*}
        {$($guard:tt)*}
        $(($($params:tt)*) ($type:ty) ($($bounds:tt)*))?
    ) => {
        const _: () = {
            // An attribute that sets every parameter leaves nothing to fill up.
            #[allow(clippy::needless_update)]
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

            #[used]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mchnst"))]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".mchnst"))]
            static RECORD: [$crate::__private::u8; $length] = *$record;

            $crate::__private::inventory::submit! {
                $crate::__private::Registration { spec: &SPEC, record: &RECORD }
            }

            $($guard)*

            $(
                // `dead_code`: a type may stand for its app and be no value anywhere.
                #[automatically_derived]
                #[allow(dead_code, deprecated)]
                impl<$($params)*> $crate::App for $type $($bounds)* {
                    const SPEC: $crate::Spec = SPEC;
                }
            )?
        };
    };
}
