//! A fixed stretch of memory that is handed out from front to back.
//!
//! A guest lives for one call, so giving memory back is worth little; what costs is to ask the host for more
//! pages in the middle of the call. Only the piece that was handed out last can be resized or returned, which
//! covers a vector or a string that grows.

use std::alloc::Layout;
use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// `SIZE` bytes, of which the first `used` are handed out. Not `Sync`: one thread uses it.
#[repr(C, align(16))]
pub(crate) struct Arena<const SIZE: usize> {
    bytes: UnsafeCell<[MaybeUninit<u8>; SIZE]>,
    used: Cell<usize>,
}

impl<const SIZE: usize> Arena<SIZE> {
    pub(crate) const fn new() -> Self {
        Self { bytes: UnsafeCell::new([MaybeUninit::uninit(); SIZE]), used: Cell::new(0) }
    }

    /// A piece that no one else has, or `None` when there is no room.
    pub(crate) fn allocate(&self, layout: Layout) -> Option<NonNull<u8>> {
        let start = self.start();
        let free = start.addr().checked_add(self.used.get())?;
        let offset = free.checked_next_multiple_of(layout.align())? - start.addr();
        let end = offset.checked_add(layout.size())?;
        if end > SIZE {
            return None;
        }
        self.used.set(end);
        // `offset` is at most SIZE, so this stays inside the arena or one past its end.
        NonNull::new(start.wrapping_add(offset))
    }

    /// Whether the piece came from here.
    pub(crate) fn owns(&self, piece: *mut u8) -> bool {
        (self.start().addr()..self.start().addr() + SIZE).contains(&piece.addr())
    }

    /// Takes a piece back, if it is the last one; otherwise it stays where it is, unused.
    pub(crate) fn release(&self, piece: *mut u8, layout: Layout) {
        if let Some(offset) = self.offset_of_last(piece, layout) {
            self.used.set(offset);
        }
    }

    /// Makes the last piece longer or shorter in place; says whether it did.
    pub(crate) fn resize(&self, piece: *mut u8, layout: Layout, new_size: usize) -> bool {
        let end = self.offset_of_last(piece, layout).and_then(|offset| offset.checked_add(new_size));
        match end {
            Some(end) if end <= SIZE => {
                self.used.set(end);
                true
            }
            _ => false,
        }
    }

    fn offset_of_last(&self, piece: *mut u8, layout: Layout) -> Option<usize> {
        let offset = piece.addr().checked_sub(self.start().addr())?;
        (offset + layout.size() == self.used.get()).then_some(offset)
    }

    fn start(&self) -> *mut u8 {
        self.bytes.get().cast()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).expect("a layout of the test")
    }

    #[test]
    fn what_does_not_fit_is_refused_and_takes_no_room() {
        let arena = Arena::<64>::new();
        assert!(arena.allocate(layout(65, 1)).is_none());
        assert!(arena.allocate(layout(64, 1)).is_some());
        assert!(arena.allocate(layout(1, 1)).is_none());
    }

    #[test]
    fn the_last_piece_grows_in_place_and_an_earlier_one_does_not() {
        let arena = Arena::<64>::new();
        let first = arena.allocate(layout(8, 8)).expect("room").as_ptr();
        assert!(arena.resize(first, layout(8, 8), 16));
        let second = arena.allocate(layout(8, 8)).expect("room").as_ptr();
        assert_eq!(second.addr(), first.addr() + 16);
        assert!(!arena.resize(first, layout(16, 8), 24));
        assert!(!arena.resize(second, layout(8, 8), 49));
        arena.release(second, layout(8, 8));
        assert_eq!(arena.allocate(layout(48, 1)).expect("room").as_ptr(), second);
    }

    proptest! {
        #[test]
        fn pieces_are_aligned_inside_and_do_not_overlap(
            wishes in prop::collection::vec((0_usize..100, 0_u32..6), 1..60),
        ) {
            let arena = Arena::<1024>::new();
            let mut end_of_former = 0;
            for (size, align_log2) in wishes {
                let wish = layout(size, 1 << align_log2);
                if let Some(piece) = arena.allocate(wish) {
                    let address = piece.as_ptr().addr();
                    prop_assert_eq!(address % wish.align(), 0);
                    prop_assert!(address >= end_of_former);
                    prop_assert!(size == 0 || arena.owns(piece.as_ptr()));
                    end_of_former = address + size;
                    prop_assert!(size == 0 || arena.owns(piece.as_ptr().wrapping_add(size - 1)));
                }
            }
        }
    }
}
