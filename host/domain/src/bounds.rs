//! Every bound, with its unit in the name and its reason.
