//! Real components through the real engines.
