//! The deploy side.
