//! Futures of unusual shapes, in the memory that the loop lends.

use gustnado::ioloop::{Frame, IOLoop, spawn};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that checks at each turn that it lies where it should, has not moved, and holds what it did.
struct Shape<T> {
    body: T,
    copy: T,
    turns: u32,
    place: Option<usize>,
}

impl<T: Unpin + PartialEq> Future for Shape<T> {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let here = &raw const *self as usize;
        assert_eq!(here % align_of::<Self>(), 0);
        assert_eq!(*self.place.get_or_insert(here), here);
        assert!(self.body == self.copy);
        self.turns += 1;
        cx.waker().wake_by_ref();
        if self.turns < 3 { Poll::Pending } else { Poll::Ready(self.turns) }
    }
}

#[derive(Clone, Copy, PartialEq)]
#[repr(align(64))]
struct CacheLine(u8);

#[derive(Clone, Copy, PartialEq)]
#[repr(align(4096))]
struct Page(u8);

struct Nothing;

impl Future for Nothing {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

#[repr(align(64))]
struct AlignedNothing;

impl Future for AlignedNothing {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<usize> {
        Poll::Ready(&raw const *self as usize % align_of::<Self>())
    }
}

#[test]
fn futures_may_be_empty_huge_and_strangely_aligned() {
    fn shape<T: Clone>(body: T) -> Shape<T> {
        Shape { copy: body.clone(), body, turns: 0, place: None }
    }

    async fn both<T: Unpin + Clone + PartialEq + 'static>(body: T) {
        assert_eq!(spawn(shape(body.clone())).await.unwrap(), 3);
        assert_eq!(Frame::new(shape(body.clone())).await, 3);
        assert_eq!(spawn(Frame::new(shape(body))).await.unwrap(), 3);
    }

    let io_loop = IOLoop::new().unwrap();
    io_loop
        .run_sync(async {
            // Twice, because the second time the memory comes from the pool.
            for _ in 0..2 {
                spawn(Nothing).await.unwrap();
                Frame::new(Nothing).await;
                assert_eq!(spawn(AlignedNothing).await.unwrap(), 0);
                assert_eq!(Frame::new(AlignedNothing).await, 0);
                both(()).await;
                both([1u8; 40]).await;
                both([1u8; 3000]).await;
                both([1u8; 5000]).await;
                both(vec![1u8; 1 << 20]).await;
                both([1u8; 1 << 14]).await;
                both(CacheLine(1)).await;
                both([CacheLine(1); 100]).await;
                both(Page(1)).await;
            }
        })
        .unwrap();
}
