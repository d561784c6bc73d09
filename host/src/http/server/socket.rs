//! What a connection is read from and written to: TCP or TLS over it, with the bytes in front that were read
//! to learn which HTTP it speaks.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::http::stall::StallGuard;
use crate::http::tls::{ALPN_HTTP1, ALPN_HTTP2, Tls};

/// How every HTTP/2 connection begins (RFC 9113 §3.4). No request of HTTP/1.1 does.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Which HTTP a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    /// In metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
        }
    }
}

/// A peer's connection.
#[derive(Debug)]
pub(super) struct Socket {
    transport: Transport,
    /// Read already; given out before anything else.
    front: [u8; PREFACE.len()],
    front_given: usize,
    front_end: usize,
}

#[derive(Debug)]
enum Transport {
    Clear(StallGuard<TcpStream>),
    Sealed(Box<TlsStream<StallGuard<TcpStream>>>),
}

impl Socket {
    /// In clear.
    pub(super) fn clear(stream: StallGuard<TcpStream>) -> Self {
        Self::new(Transport::Clear(stream))
    }

    /// After a TLS handshake. It lasts as long as the peer likes: whoever calls sets a bound.
    pub(super) async fn sealed(stream: StallGuard<TcpStream>, tls: &Tls) -> io::Result<Self> {
        let stream = tls.acceptor().accept(stream).await?;
        Ok(Self::new(Transport::Sealed(Box::new(stream))))
    }

    fn new(transport: Transport) -> Self {
        Self { transport, front: [0; PREFACE.len()], front_given: 0, front_end: 0 }
    }

    /// Finds out what the peer speaks: what the handshake settled, else what its first bytes are. Bounded by
    /// whoever calls. A peer that goes away meanwhile is left to who reads next.
    ///
    /// # Errors
    /// The connection broke, or the peer agreed on HTTP/2 and speaks something else.
    pub(super) async fn protocol(&mut self) -> io::Result<Protocol> {
        let agreed = match &self.transport {
            Transport::Sealed(stream) => stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec),
            Transport::Clear(_) => None,
        };
        if agreed.as_deref() == Some(ALPN_HTTP1) {
            return Ok(Protocol::Http1);
        }
        // The preface is waited for also where HTTP/2 is agreed: behind it everything else is bounded.
        while self.front_end < PREFACE.len() {
            let end = self.front_end;
            let read = self.transport.read(&mut self.front[end..]).await?;
            self.front_end += read;
            if read == 0 || self.front[..self.front_end] != PREFACE[..self.front_end] {
                break;
            }
        }
        match (self.front[..self.front_end] == PREFACE[..], agreed.as_deref()) {
            (true, _) => Ok(Protocol::Http2),
            (false, Some(ALPN_HTTP2)) => Err(io::ErrorKind::InvalidData.into()),
            (false, _) => Ok(Protocol::Http1),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let front = &self.front[self.front_given..self.front_end];
        if front.is_empty() {
            return Pin::new(&mut self.transport).poll_read(context, buffer);
        }
        let given = front.len().min(buffer.remaining());
        buffer.put_slice(&front[..given]);
        self.front_given += given;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(context)
    }
}

/// A usual answer, head and body. To send one piece costs the kernel less than a list of two; what is longer is not
/// worth the copy.
const GATHERED_BYTES_MAX: usize = 2 << 10;

/// The slices in one piece, where they are short.
fn gathered<'a>(slices: &[io::IoSlice<'_>], room: &'a mut [u8; GATHERED_BYTES_MAX]) -> Option<&'a [u8]> {
    let mut end = 0;
    for slice in slices {
        room.get_mut(end..end + slice.len())?.copy_from_slice(slice);
        end += slice.len();
    }
    Some(&room[..end])
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Sealed(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Sealed(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(stream) => match gathered(slices, &mut [0; GATHERED_BYTES_MAX]) {
                Some(bytes) => Pin::new(stream).poll_write(context, bytes),
                None => Pin::new(stream).poll_write_vectored(context, slices),
            },
            Self::Sealed(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Clear(stream) => stream.is_write_vectored(),
            Self::Sealed(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_flush(context),
            Self::Sealed(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Sealed(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_slices_go_as_one_piece_and_long_ones_as_they_are() {
        let mut room = [0; GATHERED_BYTES_MAX];
        let [long, rest] = [vec![b'x'; GATHERED_BYTES_MAX - 4], vec![b'y'; 5]];
        let slices = |parts: [&'static [u8]; 3]| parts.map(io::IoSlice::new);
        assert_eq!(gathered(&slices([b"head", b"", b"body"]), &mut room), Some(&b"headbody"[..]));
        assert_eq!(gathered(&[], &mut room), Some(&[][..]));
        let just_fits = [io::IoSlice::new(&long), io::IoSlice::new(&rest[1..])];
        assert_eq!(gathered(&just_fits, &mut room).map(<[u8]>::len), Some(GATHERED_BYTES_MAX));
        assert_eq!(gathered(&[io::IoSlice::new(&long), io::IoSlice::new(&rest)], &mut room), None);
    }
}
