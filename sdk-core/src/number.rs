//! Decimal numbers without floating point: `0.5` times 1000 is 500.

use alloc::format;
use alloc::string::{String, ToString};

/// A number of fractions of 1 as a decimal number, where `factor` fractions make 1.
///
/// ```
/// assert_eq!(machinist_core::number::decimals(500, 1_000), "0.5");
/// assert_eq!(machinist_core::number::decimals(12_000, 1_000), "12");
/// ```
pub fn decimals(number: u32, factor: u32) -> String {
    let (whole, rest) = (number / factor, number % factor);
    if rest == 0 {
        return whole.to_string();
    }
    let width = factor.ilog10() as usize;
    let fraction = format!("{rest:0width$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// A decimal number times a factor; `None` if the product is not whole.
///
/// ```
/// assert_eq!(machinist_core::number::scale("0.5", 1_000), Some(500));
/// assert_eq!(machinist_core::number::scale("0.0005", 1_000), None);
/// ```
pub fn scale(number: &str, factor: u32) -> Option<u32> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let denominator = 10u64.pow(u32::try_from(fraction.len()).ok()?);
    let whole: u64 = whole.parse().ok()?;
    let numerator = whole
        .checked_mul(denominator)?
        .checked_add(fraction.parse().ok()?)?;
    let scaled = numerator.checked_mul(u64::from(factor))?;
    if scaled % denominator != 0 {
        return None;
    }
    u32::try_from(scaled / denominator).ok()
}
