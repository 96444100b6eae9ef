//! Sends requests at fixed times over blocking sockets; the millisecond of an asynchronous timer would distort latencies.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use crate::head::Head;
use crate::load::{Args, Bodies, Tally, hold};

/// Sends `rate` requests per second over all connections.
///
/// # Errors
/// A connection was refused or lost.
pub(crate) fn run(args: &Args, bodies: &Bodies, rate: f64) -> Result<Tally, Error> {
    let barrier = Arc::new(Barrier::new(args.connections + 1));
    let threads: Vec<_> = (0..args.connections)
        .map(|number| {
            let (args, requests, barrier) = (args.clone(), args.requests(number + 1, bodies), Arc::clone(&barrier));
            std::thread::spawn(move || caller(&args, &requests, (number, rate), &barrier))
        })
        .collect();
    barrier.wait();
    if args.hold {
        hold()?;
    }
    barrier.wait();
    let mut total = Tally::default();
    for thread in threads {
        total.add(thread.join().map_err(|_| Error::other("a caller panicked"))??);
    }
    Ok(total)
}

fn caller(args: &Args, requests: &[Vec<u8>], (number, rate): (usize, f64), barrier: &Barrier) -> Result<Tally, Error> {
    let opened = TcpStream::connect(args.to).and_then(|mut stream| {
        stream.set_nodelay(true)?;
        exchange(&mut stream, requests.first().map(Vec::as_slice).unwrap_or_default())?;
        Ok(stream)
    });
    barrier.wait();
    barrier.wait();
    let mut stream = opened?;
    let began = Instant::now();
    let every = Duration::from_secs_f64(args.connections as f64 / rate);
    let mut next = began + Duration::from_secs_f64(number as f64 / rate);
    let mut tally = Tally::default();
    let mut turn = requests.iter().cycle();
    while next < began + args.duration() {
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        let sent = Instant::now();
        let good = exchange(&mut stream, turn.next().map(Vec::as_slice).unwrap_or_default())?;
        tally.count(good, sent.elapsed());
        next += every;
    }
    tally.took = began.elapsed();
    Ok(tally)
}

fn exchange(stream: &mut TcpStream, request: &[u8]) -> Result<bool, Error> {
    stream.write_all(request)?;
    let mut answer = [0; 1 << 16];
    let mut filled = 0;
    loop {
        let read = stream.read(answer.get_mut(filled..).unwrap_or_default())?;
        if read == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the connection closed before the end of a response"));
        }
        filled += read;
        let bytes = answer.get(..filled).unwrap_or_default();
        if Head::find(bytes)?.is_some_and(|head| filled >= head.total()) {
            return Ok(bytes.starts_with(b"HTTP/1.1 2"));
        }
    }
}
