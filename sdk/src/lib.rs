//! The machinist SDK.
