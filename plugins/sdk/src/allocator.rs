//! The global allocator of every guest: an arena inside the initial memory, then std's own allocator, which
//! grows the memory.
//!
//! `memory.grow` inside a call costs the host more than the whole decision, so a call that fits into the arena
//! must never grow. Large facts (fifty jobs with ten kibibytes of metadata each) do grow, and still work.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;

use crate::arena::Arena;

/// With the stack that the linker is told (`xtask`), it leaves 20 KiB of a page to a plugin's data. The host clears what a
/// guest starts with between calls, and copies its data in: half a microsecond to a microsecond a page.
const ARENA_BYTES: usize = 24 * 1024;

#[global_allocator]
static ALLOCATOR: GuestAllocator = GuestAllocator { arena: Arena::new() };

struct GuestAllocator {
    arena: Arena<ARENA_BYTES>,
}

// SAFETY: guests are built for wasm32 without the `atomics` feature, where a program has one thread only;
// the assertion below keeps it so.
#[expect(unsafe_code, reason = "a global allocator is a static, and a static must be Sync")]
unsafe impl Sync for GuestAllocator {}

const _: () = assert!(cfg!(not(target_feature = "atomics")), "the guest allocator is for one thread");

// SAFETY: `allocate` hands out pieces that are aligned, long enough and disjoint, and that live as long as the
// static; a piece is resized or returned by the one that handed it out, which its address tells. Nothing
// here panics or allocates by itself.
#[expect(unsafe_code, reason = "an allocator is unsafe by its nature; the proof stands above")]
unsafe impl GlobalAlloc for GuestAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.arena.allocate(layout) {
            Some(piece) => piece.as_ptr(),
            // SAFETY: the caller's promise about `layout` is passed on.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        if self.arena.owns(piece) {
            self.arena.release(piece, layout);
        } else {
            // SAFETY: what is not the arena's came from `System` with this layout.
            unsafe { System.dealloc(piece, layout) }
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if !self.arena.owns(piece) {
            // SAFETY: what is not the arena's came from `System` with this layout.
            return unsafe { System.realloc(piece, layout, new_size) };
        }
        if self.arena.resize(piece, layout, new_size) {
            return piece;
        }
        // SAFETY: the caller promises that `new_size`, rounded up to the alignment, does not overflow.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: `new_layout` has the caller's size and alignment.
        let moved = unsafe { self.alloc(new_layout) };
        if !moved.is_null() {
            // SAFETY: both pieces are valid for the shorter of the two lengths, and disjoint since the old
            // one has not been returned.
            unsafe { ptr::copy_nonoverlapping(piece, moved, layout.size().min(new_size)) };
        }
        moved
    }
}
