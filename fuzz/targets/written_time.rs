#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| switchboard_domain::fuzzing::written_time(data));
