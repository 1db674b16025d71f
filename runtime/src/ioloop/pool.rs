//! Memory for coroutine frames and tasks, lent again and again by the loop's thread.
//!
//! A frame lives as long as one request or one task; asking the allocator each time would be most of its cost. Blocks come in
//! many sizes, each with its own stack of free ones, so a warm loop allocates nothing, and a small frame holds little.
//!
//! This is one of the islands where `unsafe` lives. Its invariant: a block is owned either by exactly one [`Pooled`] (or one
//! family of [`Shared`]), or by the pool, as one of the free blocks of its class, never by both.

#![allow(unsafe_code, reason = "an island named in DESIGN.md: owns raw blocks of memory")]

use std::alloc::{self, Layout};
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};
use std::rc::Rc;

/// From one class to the next, blocks are larger by this much.
const STEP: usize = 16;
/// What most allocators add to a block; blocks are smaller by it, so that nothing is lost to rounding.
const HEADER: usize = 8;
const CLASSES: usize = 256;
const ALIGN: usize = 16;
/// How much is kept for later: what ten thousand requests need, so that a burst does not hold its memory for ever. Nothing for
/// fuzzers and sanitizers, which see a use after the end only of blocks that the allocator has back.
const KEPT_BYTES: usize = if cfg!(fuzzing) { 0 } else { 8 * 1024 * 1024 };

thread_local! {
    static POOL: Pool = const { Pool { free: [const { Cell::new(None) }; CLASSES], bytes: Cell::new(0) } };
}

struct Pool {
    /// The free block of each class that was given back last. At its beginning is the address of the one before.
    free: [Cell<Option<NonNull<u8>>>; CLASSES],
    /// How large all free blocks are together.
    bytes: Cell<usize>,
}

impl Pool {
    #[inline]
    fn lend(&self, class: usize) -> Option<NonNull<u8>> {
        let block = self.free[class].get()?;
        // SAFETY: the block is free, so nobody else owns it, and `keep` has written there what is read.
        self.free[class].set(unsafe { block.cast().read() });
        self.bytes.set(self.bytes.get() - class_size(class));
        Some(block)
    }

    /// Takes a block that nobody owns, if there is room for it; says whether there was.
    #[inline]
    fn keep(&self, class: usize, block: NonNull<u8>) -> bool {
        let bytes = self.bytes.get() + class_size(class);
        if bytes > KEPT_BYTES {
            return false;
        }
        // SAFETY: nobody else owns the block, and the smallest one has room for an address, and is aligned for it.
        unsafe { block.cast().write(self.free[class].replace(Some(block))) };
        self.bytes.set(bytes);
        true
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for class in 0..CLASSES {
            while let Some(block) = self.lend(class) {
                // SAFETY: free blocks were allocated with the layout of their class, and nobody else owns them.
                unsafe { alloc::dealloc(block.as_ptr(), class_layout(class)) };
            }
        }
    }
}

/// A box whose memory comes from the pool.
pub(crate) struct Pooled<T: ?Sized> {
    ptr: NonNull<T>,
    /// Owns a `T`, and stays on its thread, where its pool is.
    owns: PhantomData<(Rc<()>, T)>,
}

impl<T: Default> Default for Pooled<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Pooled<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        let ptr = allocate(Layout::new::<T>()).cast::<T>();
        // SAFETY: the block is big and aligned enough for a `T`, and nobody else owns it.
        unsafe { ptr.write(value) };
        Self { ptr, owns: PhantomData }
    }

    /// Forgets the type; `unsize` is a coercion such as `|ptr| ptr as *mut dyn Future`.
    ///
    /// # Safety
    ///
    /// `unsize` returns the pointer that it was given.
    #[inline]
    pub(crate) unsafe fn unsize<U: ?Sized>(
        self,
        unsize: impl FnOnce(*mut T) -> *mut U,
    ) -> Pooled<U> {
        let ptr = ManuallyDrop::new(self).ptr;
        // SAFETY: by this function's contract, the result is `ptr`, which is not null.
        Pooled { ptr: unsafe { NonNull::new_unchecked(unsize(ptr.as_ptr())) }, owns: PhantomData }
    }
}

// As of a `Box`: moving the handle does not move the value.
impl<T: ?Sized> Unpin for Pooled<T> {}

impl<T: ?Sized> Deref for Pooled<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `self` owns the value, which is initialised from `new` to `drop`.
        unsafe { self.ptr.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for Pooled<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and `&mut self` makes the access unique.
        unsafe { self.ptr.as_mut() }
    }
}

impl<T: ?Sized> Drop for Pooled<T> {
    #[inline]
    fn drop(&mut self) {
        let layout = Layout::for_value::<T>(self);
        let _block = Block { ptr: self.ptr.cast(), layout };
        // SAFETY: `self` owns the value and it is not used again; `_block` gives its memory back, also when this panics.
        unsafe { ptr::drop_in_place(self.ptr.as_ptr()) };
    }
}

/// A reference-counted box, on one thread, whose memory comes from the pool.
pub(crate) struct Shared<T: ?Sized> {
    ptr: NonNull<Counted<T>>,
    owns: PhantomData<(Rc<()>, T)>,
}

pub(super) struct Counted<T: ?Sized> {
    count: Cell<u32>,
    value: T,
}

// As of an `Rc`: moving the handle does not move the value.
impl<T: ?Sized> Unpin for Shared<T> {}

impl<T> Shared<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        let ptr = allocate(Layout::new::<Counted<T>>()).cast::<Counted<T>>();
        // SAFETY: the block is big and aligned enough, and nobody else owns it.
        unsafe { ptr.write(Counted { count: Cell::new(1), value }) };
        Self { ptr, owns: PhantomData }
    }

    /// Forgets the type; `unsize` is a coercion such as `|ptr| ptr as *mut Counted<dyn Trait>`.
    ///
    /// # Safety
    ///
    /// `unsize` returns the pointer that it was given.
    #[inline]
    pub(super) unsafe fn unsize<U: ?Sized>(
        self,
        unsize: impl FnOnce(*mut Counted<T>) -> *mut Counted<U>,
    ) -> Shared<U> {
        let ptr = ManuallyDrop::new(self).ptr;
        // SAFETY: by this function's contract, the result is `ptr`, which is not null.
        Shared { ptr: unsafe { NonNull::new_unchecked(unsize(ptr.as_ptr())) }, owns: PhantomData }
    }
}

impl<T: ?Sized> Shared<T> {
    /// Whether this is the only reference.
    #[inline]
    pub(crate) fn is_unique(&self) -> bool {
        // SAFETY: `self` keeps the value alive.
        unsafe { &(*self.ptr.as_ptr()).count }.get() == 1
    }

    /// The value, if this is the only reference.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        if !self.is_unique() {
            return None;
        }
        // SAFETY: nobody else refers to the value, and `&mut self` lets nobody do so as long as the result lives.
        Some(unsafe { &mut (*self.ptr.as_ptr()).value })
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: `self` keeps the value alive.
        let count = unsafe { &(*self.ptr.as_ptr()).count };
        // Clones that are forgotten could overflow it, and then the value would be dropped while others refer to it.
        let Some(more) = count.get().checked_add(1) else { panic!("too many references") };
        count.set(more);
        Self { ptr: self.ptr, owns: PhantomData }
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the value lives as long as any `Shared` of it; only `get_mut` lends it by `&mut`, while nobody else can ask.
        unsafe { &(*self.ptr.as_ptr()).value }
    }
}

impl<T: ?Sized> Drop for Shared<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `self` keeps the value alive until the count says that it was the last.
        let counted = unsafe { self.ptr.as_ref() };
        counted.count.set(counted.count.get() - 1);
        if counted.count.get() > 0 {
            return;
        }
        let _block = Block { ptr: self.ptr.cast(), layout: Layout::for_value(counted) };
        // SAFETY: nobody else refers to it any more; `_block` gives its memory back, also when this panics.
        unsafe { ptr::drop_in_place(self.ptr.as_ptr()) };
    }
}

/// A block on its way back to the pool.
struct Block {
    ptr: NonNull<u8>,
    layout: Layout,
}

impl Drop for Block {
    #[inline]
    fn drop(&mut self) {
        if let Some(class) = class_of(self.layout)
            && POOL.try_with(|pool| pool.keep(class, self.ptr)) == Ok(true)
        {
            return;
        }
        // SAFETY: `allocate` took it from the allocator with this very layout, and it is owned by `self` alone.
        unsafe { alloc::dealloc(self.ptr.as_ptr(), block_layout(self.layout)) };
    }
}

#[inline]
fn allocate(layout: Layout) -> NonNull<u8> {
    if let Some(class) = class_of(layout)
        && let Ok(Some(block)) = POOL.try_with(|pool| pool.lend(class))
    {
        return block;
    }
    allocate_new(layout)
}

#[cold]
fn allocate_new(layout: Layout) -> NonNull<u8> {
    let layout = block_layout(layout);
    // SAFETY: `block_layout` is never of size zero.
    let block = unsafe { alloc::alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| alloc::handle_alloc_error(layout))
}

/// The class whose blocks fit, or `None` if the allocator is asked directly.
#[inline]
const fn class_of(layout: Layout) -> Option<usize> {
    if layout.align() > ALIGN || layout.size() > class_size(CLASSES - 1) {
        return None;
    }
    Some((layout.size() + HEADER - 1) / STEP)
}

const fn class_size(class: usize) -> usize {
    (class + 1) * STEP - HEADER
}

const fn class_layout(class: usize) -> Layout {
    match Layout::from_size_align(class_size(class), ALIGN) {
        Ok(layout) => layout,
        Err(_) => panic!("the sizes of the classes are small"),
    }
}

/// What is really asked of the allocator for `layout`; never nothing.
const fn block_layout(layout: Layout) -> Layout {
    match class_of(layout) {
        Some(class) => class_layout(class),
        None if layout.size() > 0 => layout,
        // A type without size that wants a large alignment.
        None => match Layout::from_size_align(layout.align(), layout.align()) {
            Ok(layout) => layout,
            Err(_) => panic!("an alignment is no larger than a value may be"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn references_that_are_forgotten_do_not_make_the_count_wrap() {
        let shared = Shared::new(String::from("kept"));
        // SAFETY: `shared` keeps the value alive.
        let count = unsafe { &(*shared.ptr.as_ptr()).count };
        count.set(u32::MAX);
        let clone = catch_unwind(AssertUnwindSafe(|| std::mem::forget(shared.clone())));
        assert!(clone.is_err());
        assert_eq!(*shared, "kept");
        count.set(1);
    }

    #[test]
    fn who_shares_with_nobody_may_change() {
        let mut shared = Shared::new(1);
        let other = shared.clone();
        assert_eq!(shared.get_mut(), None);
        drop(other);
        *shared.get_mut().unwrap() = 2;
        assert_eq!(*shared, 2);
    }

    #[test]
    fn the_allocator_is_never_asked_for_nothing_and_blocks_fit_what_they_are_lent_for() {
        for align in (0..13).map(|power| 1 << power) {
            for size in (0..200).chain([4055, 4056, 4057, 4087, 4088, 4089, 100_000]) {
                let layout = Layout::from_size_align(size, align).unwrap();
                let block = block_layout(layout);
                assert!(block.size() > 0);
                assert!(block.size() >= size && block.align() >= align, "{layout:?} {block:?}");
                if let Some(class) = class_of(layout) {
                    assert_eq!(block, class_layout(class));
                }
            }
        }
    }

    #[cfg(not(fuzzing))]
    #[test]
    fn a_block_is_lent_again() {
        let first = Pooled::new([1u8; 1000]);
        let place = first.as_ptr();
        drop(first);
        assert_eq!(Pooled::new([2u8; 990]).as_ptr(), place);
    }
}
