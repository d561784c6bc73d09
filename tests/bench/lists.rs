//! What a page of 20 costs in lists of a thousand to a million records, for each list and each filter; what a page
//! deep inside costs, what it does to those who read meanwhile, and what a queue of them does to another ATS.

pub(crate) mod fill;

use std::time::Duration;

use crate::child::Server;
use crate::load::{self, Load, Requests};
use crate::{Figure, Goal, median};

/// In a list of a million records, as the goal says it.
pub(crate) fn to_a_million() -> Vec<Figure> {
    measure(1_000_000)
}

/// The same to a look, while something is being changed.
pub(crate) fn quick() -> Vec<Figure> {
    measure(100_000)
}

const SMALLEST: usize = 1_000;
const CONNECTIONS: u64 = 2;
const ROUNDS: u64 = 9;
const ROUND: Duration = Duration::from_millis(250);

/// What is asked of one noun's lists. `{…}` stands for an id of the company that is asked.
struct Noun {
    name: &'static str,
    pages: &'static [&'static str],
    /// Several filters at once, which are walked.
    walked: &'static [&'static str],
}

const NOUNS: [Noun; 5] = [
    Noun { name: "companies", pages: &["/company?"], walked: &[] },
    Noun {
        name: "jobs",
        pages: &[
            "/jobs?",
            "/jobs?status=OPEN",
            "/jobs?search=driver",
            "/jobs?search=deliver",
            "/jobs?search=rare",
        ],
        walked: &["/jobs?search=driver+night", "/jobs?search=driver&status=OPEN"],
    },
    Noun {
        name: "candidates",
        pages: &[
            "/candidates?",
            "/candidates?jobId={job}",
            "/candidates?status=APPLIED",
            "/candidates?search=ja",
            "/candidates?search=jana",
            "/candidates?search=rare",
        ],
        walked: &[
            "/candidates?search=jana+nov",
            "/candidates?search=rare+example",
            "/candidates?jobId={job}&status=APPLIED",
            "/candidates?search=jana&status=APPLIED",
        ],
    },
    Noun {
        name: "agents",
        pages: &["/agents?", "/agents?type=ONLINE", "/agents?focus=GENERIC"],
        walked: &["/agents?type=ONLINE&focus=GENERIC"],
    },
    Noun {
        name: "interviews",
        pages: &[
            "/interviews?",
            "/interviews?candidateId={candidate}",
            "/interviews?agentId={agent}",
            "/interviews?jobId={job}",
            "/interviews?status=COMPLETED",
            "/candidates/{candidate}/interviews?",
        ],
        walked: &["/interviews?agentId={agent}&status=COMPLETED"],
    },
];

fn measure(largest: usize) -> Vec<Figure> {
    let mut figures = Vec::new();
    for noun in &NOUNS {
        // One noun after another: the files of one are gone before the next ones are written.
        let bench = Bench::new(noun.name, largest);
        figures.extend(noun.pages.iter().map(|path| bench.curve(path)));
        figures.extend(noun.walked.iter().map(|path| bench.walk(path)));
        if noun.name == "candidates" {
            figures.push(bench.deep());
            figures.extend(bench.beside_deep());
        }
    }
    figures
}

/// Servers with lists of growing length, each with a file of its own.
struct Bench {
    sizes: Vec<(usize, Server)>,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new(noun: &str, largest: usize) -> Self {
        let sizes = std::iter::successors(Some(SMALLEST), |size| Some(size * 10));
        let sizes = sizes.take_while(|size| *size <= largest);
        Self {
            sizes: sizes.map(|size| (size, Server::listing(noun, size))).collect(),
            runtime: load::runtime(),
        }
    }

    /// Server CPU of the first page, size by size in turns.
    fn curve(&self, path: &str) -> Figure {
        let mut curve = vec![Vec::new(); self.sizes.len()];
        let mut ratios = vec![Vec::new(); self.sizes.len()];
        // The first round warms up.
        for round in 0..=ROUNDS {
            let costs: Vec<f64> =
                self.sizes.iter().map(|(_, server)| self.cpu(server, path, round)).collect();
            for (place, cost) in costs.iter().enumerate().filter(|_| round > 0) {
                curve[place].push(*cost);
                ratios[place].push(cost / costs[0]);
            }
        }
        let largest = ratios.into_iter().map(median).fold(1.0, f64::max);
        let points = self.sizes.iter().zip(curve);
        let points = points.map(|((size, _), costs)| format!("{size}: {:.0} µs", median(costs)));
        let (most, _) = self.largest();
        Figure {
            what: format!("GET {}, {SMALLEST} to {most} records", path.trim_end_matches('?')),
            measured: largest,
            unit: "×",
            goal: Goal::AtMost(1.5),
            told: format!("server CPU, {}", points.collect::<Vec<_>>().join(", ")),
        }
    }

    fn largest(&self) -> (usize, &Server) {
        let (size, server) = self.sizes.last().expect("some");
        (*size, server)
    }

    /// Microseconds a request.
    fn cpu(&self, server: &Server, path: &str, round: u64) -> f64 {
        let requests = requests(server, "first", path);
        let before = server.cpu();
        let load = self.load(server, CONNECTIONS, ROUND, &requests, round);
        (server.cpu() - before).as_secs_f64() * 1e6 / load.requests()
    }

    fn load(
        &self,
        server: &Server,
        connections: u64,
        duration: Duration,
        requests: &Requests,
        seed: u64,
    ) -> Load {
        let load = self.runtime.block_on(load::run(server.listen, connections, duration, requests, seed));
        load.panic_on_errors();
        load
    }

    /// Several filters at once, in the largest list.
    fn walk(&self, path: &str) -> Figure {
        let (size, server) = self.largest();
        let load = self.load(server, 1, ROUND * 8, &requests(server, "first", path), 0);
        Figure {
            what: format!("GET {path}, {size} records, p50"),
            measured: load.percentile(50) / 1e3,
            unit: "ms",
            goal: Goal::None,
            told: format!("p99 {:.1} ms", load.percentile(99) / 1e3),
        }
    }

    /// The deepest page that can be asked for by number.
    fn deep_path(&self) -> String {
        format!("/candidates?limit=100&page={}", (self.largest().0 / 100).min(10_000))
    }

    fn deep(&self) -> Figure {
        let (_, server) = self.largest();
        let path = self.deep_path();
        let deep = self.load(server, 1, ROUND * 8, &requests(server, "first", &path), 0);
        let first = self.load(server, 1, ROUND * 8, &requests(server, "first", "/candidates?limit=100"), 0);
        Figure {
            what: format!("GET {path}, p50"),
            measured: deep.percentile(50) / 1e3,
            unit: "ms",
            goal: Goal::None,
            told: format!(
                "p99 {:.1} ms; the first page {:.2} ms",
                deep.percentile(99) / 1e3,
                first.percentile(50) / 1e3
            ),
        }
    }

    /// What deep pages of one ATS do to others: to plain reads, and to one deep page of another ATS.
    fn beside_deep(&self) -> Vec<Figure> {
        let (_, server) = self.largest();
        let deep = requests(server, "first", &self.deep_path());
        let plain = requests(server, "other", "/candidates?");
        let others = server.told["other"]["records"].as_u64().expect("a number");
        let far = requests(server, "other", &format!("/candidates?limit=100&page={}", others / 100));
        let (mut reads, mut walks) = (Beside::default(), Beside::default());
        for round in 0..=ROUNDS {
            for (beside, connections, requests) in [(&mut reads, 4, &plain), (&mut walks, 1, &far)] {
                let alone = self.load(server, connections, ROUND * 4, requests, round);
                let (meanwhile, crowd) = self.runtime.block_on(async {
                    let crowd = load::run(server.listen, CROWD, ROUND * 4, &deep, round);
                    let beside = load::run(server.listen, connections, ROUND * 4, requests, round);
                    tokio::join!(beside, crowd)
                });
                meanwhile.panic_on_errors();
                crowd.panic_on_errors();
                if round > 0 {
                    beside.0.push((alone, meanwhile));
                }
            }
        }
        let what = format!("p99 of GET /candidates, c4, beside {CROWD} connections that read deep pages");
        let other = format!("p50 of another ATS's page behind {others} records, beside them");
        vec![
            reads.figure(&what, |load| load.percentile(99)),
            walks.figure(&other, |load| load.percentile(50)),
        ]
    }
}

/// A request of one of a server's two ATSs.
fn requests(server: &Server, whose: &str, path: &str) -> Requests {
    let told = &server.told[whose];
    let mut path = path.to_owned();
    for (name, id) in told["ids"].as_object().expect("ids") {
        path = path.replace(&format!("{{{name}}}"), id.as_str().expect("an id"));
    }
    let join = if path.ends_with('?') { "" } else { "&" };
    let named = told["companyId"].as_str().map(|id| format!("{join}companyId={id}")).unwrap_or_default();
    let key = told["key"].as_str().expect("a key");
    Requests::new(vec![load::get(server.listen, &format!("{path}{named}"), key)])
}

/// As many as one ATS may have under way.
const CROWD: u64 = 32;

/// Rounds of a load alone, and beside another.
#[derive(Default)]
struct Beside(Vec<(Load, Load)>);

impl Beside {
    fn figure(&self, what: &str, of: impl Fn(&Load) -> f64) -> Figure {
        let of_both = self.0.iter().map(|(alone, beside)| (of(alone), of(beside)));
        let (alone, beside): (Vec<f64>, Vec<f64>) = of_both.unzip();
        let ratios = alone.iter().zip(&beside).map(|(alone, beside)| beside / alone).collect();
        Figure {
            what: what.to_owned(),
            measured: median(ratios),
            unit: "×",
            goal: Goal::None,
            told: format!("{:.2} ms against {:.2} alone", median(beside) / 1e3, median(alone) / 1e3),
        }
    }
}
