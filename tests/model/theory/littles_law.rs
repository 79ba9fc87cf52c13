//! Little's law as an identity (the assertion itself is in `station.rs`, at every empty instant).

use oomcast::engine::Streams;

use crate::theory::law::Law;
use crate::theory::station::Station;

#[test]
fn holds_to_the_nanosecond_whatever_the_station() {
    for (i, law) in (0..).zip(Law::ALL) {
        for servers in [1, 3, usize::MAX] {
            for waiting_room in [0, 2, usize::MAX] {
                for load in [0.3, 0.8] {
                    let station = Station {
                        servers,
                        waiting_room,
                        offered: load * servers.min(5) as f64,
                        law,
                    };
                    let run = station.run(Streams::new(i, servers as u32), 2_000);
                    assert!(run.times_empty > 5, "{station:?} is never empty");
                }
            }
        }
    }
}
