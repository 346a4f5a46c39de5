//! The machine on a small model of everything around it: places with queues, a device, and a clock.

use proptest::prelude::*;

use super::*;

/// What is in a place's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Batch,
    Lend(usize),
    Join,
    Leave,
}

/// A place as the machine sees it.
#[derive(Clone, Debug, Default)]
struct Place {
    queue: VecDeque<Message>,
    beats: u64,
    occupied: bool,
    /// The worker is not called.
    stalled: bool,
    /// The log is closed, by the worker itself or by a fence.
    closed: bool,
    /// The log was closed by a fence.
    fenced: bool,
    finished: bool,
}

/// A replica on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lent {
    Asked,
    Answered { barriers: u64 },
    Lost,
}

struct World {
    places: Vec<Place>,
    lent: Vec<Lent>,
    barriers: u64,
    sequenced: u64,
    held: bool,
    resteers: bool,
    now: Instant,
}

impl World {
    fn new(cores: usize, places: usize) -> Self {
        let place = |core| Place {
            occupied: core < cores,
            closed: core >= cores,
            ..Place::default()
        };
        Self {
            places: (0..places).map(place).collect(),
            lent: vec![],
            barriers: 0,
            sequenced: 0,
            held: false,
            resteers: true,
            now: Instant::now(),
        }
    }

    fn place(&mut self, place: u16) -> &mut Place {
        &mut self.places[usize::from(place)]
    }

    fn crash(&mut self, place: u16) {
        let place = self.place(place);
        // Who stands still does not crash.
        place.occupied &= place.stalled;
    }

    fn stall(&mut self, place: u16) {
        let place = self.place(place);
        place.stalled = place.occupied;
    }

    /// The thread of a place takes a message, or throws it away.
    fn work(&mut self, core: u16) {
        let barriers = self.barriers;
        let place = &mut self.places[usize::from(core)];
        if place.stalled {
            return;
        }
        place.beats += 1;
        if place.occupied && place.fenced {
            // It finds out that it was declared dead.
            place.occupied = false;
        }
        match (place.queue.pop_front(), place.occupied) {
            (Some(Message::Lend(request)), alive) => {
                self.lent[request] = match alive {
                    true => Lent::Answered { barriers },
                    false => Lent::Lost,
                };
            }
            (Some(Message::Leave), true) => {
                place.closed = true;
                place.occupied = false;
            }
            (Some(Message::Join), false) => place.occupied = true,
            _ => {}
        }
    }

    fn all_work(&mut self) {
        (0..self.places.len() as u16).for_each(|place| self.work(place));
        self.now += Duration::from_millis(1);
    }

    fn send(&mut self, members: CoreSet, frames: u64) {
        for place in members.iter() {
            self.place(place).queue.push_back(Message::Batch);
        }
        self.sequenced += frames;
    }
}

impl Signs for World {
    fn beats(&self, place: u16) -> u64 {
        self.places[usize::from(place)].beats
    }

    fn is_vacant(&self, place: u16) -> bool {
        // A worker on its way counts: its place is occupied before it comes.
        let place = &self.places[usize::from(place)];
        !place.occupied && !place.queue.contains(&Message::Join)
    }

    fn has_finished(&self, place: u16) -> bool {
        self.places[usize::from(place)].finished
    }
}

impl Surroundings for World {
    fn has_left(&self, place: u16) -> bool {
        self.places[usize::from(place)].closed
    }

    fn has_room(&self, place: u16) -> bool {
        self.places[usize::from(place)].queue.is_empty()
    }

    fn replica(&mut self) -> Replica {
        match self.lent.last() {
            None | Some(Lent::Asked) => Replica::Awaited,
            Some(&Lent::Answered { barriers }) if barriers == self.barriers => Replica::AtHand,
            Some(_) => Replica::Useless,
        }
    }

    fn sequenced(&self) -> u64 {
        self.sequenced
    }
}

fn machine(cores: u8, places: usize) -> Membership {
    planned(cores, places, "")
}

fn planned(cores: u8, places: usize, plan: &str) -> Membership {
    Membership::new(MembershipConfig {
        cores,
        places,
        stall_timeout: Duration::from_millis(20),
        rejoin: true,
        plan: plan.parse().unwrap_or_default(),
    })
}

fn set(places: &[u16]) -> CoreSet {
    places.iter().copied().collect()
}

/// Does what a step says, and holds that it may be done.
fn obey(machine: &mut Membership, world: &mut World, step: &Step) -> Result<(), CannotResteer> {
    match *step {
        Step::Fence(place) => {
            let fenced = world.place(place);
            assert!(!fenced.closed, "what {place} published is settled already");
            (fenced.closed, fenced.fenced) = (true, true);
        }
        Step::Ask(donor) => {
            assert!(machine.members().has(donor));
            let request = world.lent.len();
            world.lent.push(Lent::Asked);
            world.place(donor).queue.push_back(Message::Lend(request));
            machine.asked(donor);
        }
        Step::Admit { place, died } => {
            let barriers = world.barriers;
            assert_eq!(world.lent.last(), Some(&Lent::Answered { barriers }));
            assert!(machine.members().has(place) && world.is_vacant(place));
            let at = world.place(place);
            assert!(at.queue.is_empty() && at.closed);
            assert_eq!(died, at.fenced);
            (at.closed, at.fenced) = (false, false);
            at.queue.push_back(Message::Join);
        }
        Step::Resteer { ref map, changed } => {
            assert_eq!(changed, map != machine.map());
            machine.resteered(!changed || world.resteers)?;
        }
        Step::Hold(_) => world.held = false,
        Step::Wait | Step::Receive => {}
    }
    Ok(())
}

/// All steps up to the next batch.
fn gap(machine: &mut Membership, world: &mut World) -> Result<Vec<Step>, CannotResteer> {
    let mut steps = vec![];
    while steps.last() != Some(&Step::Receive) && !machine.members().is_empty() {
        let step = machine.poll(world, world.held);
        obey(machine, world, &step)?;
        assert!(steps.len() < 10_000, "waits for ever");
        let waits = step == Step::Wait;
        steps.push(step);
        if waits {
            world.all_work();
            if let Some(found) = machine.watch(world.now, world) {
                obey(machine, world, &found)?;
                steps.push(found);
            }
        }
    }
    Ok(steps)
}

/// Sends a batch and tells those to leave for whom it was the last.
fn send(machine: &mut Membership, world: &mut World, frames: u64) -> CoreSet {
    world.send(machine.members(), frames);
    let leavers: CoreSet = std::iter::from_fn(|| machine.next_leaver()).collect();
    for place in leavers.iter() {
        world.place(place).queue.push_back(Message::Leave);
    }
    leavers
}

fn resteer(queues: &[u16], changed: bool) -> Step {
    let map = SteeringMap::new(queues.to_vec());
    Step::Resteer { map, changed }
}

fn admit(place: u16, died: bool) -> Step {
    Step::Admit { place, died }
}

#[test]
fn a_crash_is_fenced_and_steered_around() {
    let (mut machine, mut world) = (machine(3, 3), World::new(3, 3));
    assert_eq!(gap(&mut machine, &mut world).unwrap(), [Step::Receive]);
    world.crash(0);
    assert_eq!(
        gap(&mut machine, &mut world).unwrap(),
        [Step::Fence(0), resteer(&[2, 1], true), Step::Receive]
    );
    assert_eq!(machine.members(), set(&[1, 2]));
    machine.set_first_frame(7);
    machine.set_first_frame(8);
    assert_eq!(machine.report().resteerings[0].seq, Some(7));
    // One that crashed does not come back by itself.
    assert_eq!(gap(&mut machine, &mut world).unwrap(), [Step::Receive]);
    world.crash(2);
    world.crash(1);
    assert_eq!(
        gap(&mut machine, &mut world).unwrap(),
        [Step::Fence(1), Step::Fence(2)]
    );
    assert!(machine.members().is_empty());
}

#[test]
fn who_was_only_slow_comes_back_when_a_replica_is_there() {
    let (mut machine, mut world) = (machine(2, 2), World::new(2, 2));
    world.place(1).stalled = true;
    let found = (0..50).find_map(|_| {
        world.all_work();
        machine.watch(world.now, &world)
    });
    assert_eq!(found, Some(Step::Fence(1)));
    obey(&mut machine, &mut world, &Step::Fence(1)).unwrap();
    // As long as its place is not vacant nobody is asked.
    let steps = gap(&mut machine, &mut world).unwrap();
    assert_eq!(steps, [resteer(&[0], true), Step::Receive]);
    world.place(1).stalled = false;
    world.all_work();
    let steps = gap(&mut machine, &mut world).unwrap();
    assert_eq!(steps, [Step::Ask(0), Step::Receive]);
    // Nobody is asked twice.
    assert_eq!(gap(&mut machine, &mut world).unwrap(), [Step::Receive]);
    world.all_work();
    world.barriers += 1;
    // A replica from before a barrier is of no use.
    assert_eq!(gap(&mut machine, &mut world).unwrap(), [Step::Receive]);
    let steps = gap(&mut machine, &mut world).unwrap();
    assert_eq!(steps, [Step::Ask(0), Step::Receive]);
    world.all_work();
    let steps = gap(&mut machine, &mut world).unwrap();
    assert_eq!(
        steps,
        [admit(1, true), resteer(&[0, 1], true), Step::Receive]
    );
    assert_eq!(machine.report().resteerings[1].joined, [1]);
}

#[test]
fn a_device_that_cannot_be_resteered_loses_what_it_steers_to_the_dead() {
    let (mut machine, mut world) = (machine(2, 2), World::new(2, 2));
    world.resteers = false;
    assert_eq!(machine.declare_dead(1, Cause::Stall), Step::Fence(1));
    obey(&mut machine, &mut world, &Step::Fence(1)).unwrap();
    let steps = gap(&mut machine, &mut world).unwrap();
    assert_eq!(steps, [resteer(&[0], true), Step::Receive]);
    assert!(machine.report().resteerings.is_empty());
    world.all_work();
    gap(&mut machine, &mut world).unwrap();
    world.all_work();
    let steps = gap(&mut machine, &mut world).unwrap();
    assert_eq!(
        steps,
        [admit(1, true), resteer(&[0, 1], false), Step::Receive]
    );
    // A change of k cannot do without.
    machine.resize(1);
    assert_eq!(gap(&mut machine, &mut world), Err(CannotResteer));
}

#[test]
fn a_plan_asks_ahead_and_holds_the_device() {
    let (mut machine, mut world) = (planned(1, 3, "5000:3,6000:1"), World::new(1, 3));
    assert_eq!(machine.next_change(), Some(5000));
    world.sequenced = 5000 - LEAD - 1;
    assert_eq!(gap(&mut machine, &mut world).unwrap(), [Step::Receive]);
    world.sequenced += 1;
    let steps = gap(&mut machine, &mut world).unwrap();
    assert_eq!(steps, [Step::Ask(0), Step::Receive]);
    world.all_work();
    (world.sequenced, world.held) = (5000, true);
    let steps = gap(&mut machine, &mut world).unwrap();
    assert_eq!(
        steps,
        [
            admit(1, false),
            admit(2, false),
            resteer(&[0, 1, 2], true),
            Step::Hold(Some(6000)),
            Step::Receive
        ]
    );
    assert_eq!(send(&mut machine, &mut world, 1000), set(&[]));
    world.held = true;
    let steps = gap(&mut machine, &mut world).unwrap();
    assert_eq!(
        steps,
        [resteer(&[0], true), Step::Hold(None), Step::Receive]
    );
    // The last batch before the change may have frames for them.
    assert_eq!(machine.members(), set(&[0, 1, 2]));
    assert_eq!(send(&mut machine, &mut world, 10), set(&[1, 2]));
    assert_eq!(machine.members(), set(&[0]));
}

#[test]
fn who_crashes_on_its_way_out_is_fenced_before_its_place_is_used_again() {
    let (mut machine, mut world) = (machine(2, 2), World::new(2, 2));
    machine.resize(1);
    gap(&mut machine, &mut world).unwrap();
    assert_eq!(send(&mut machine, &mut world, 10), set(&[1]));
    world.crash(1);
    world.place(1).queue.clear();
    machine.resize(2);
    let steps = gap(&mut machine, &mut world).unwrap();
    let steps: Vec<_> = steps.iter().filter(|&step| *step != Step::Wait).collect();
    assert_eq!(
        steps[..3],
        [&Step::Ask(0), &Step::Fence(1), &admit(1, true)]
    );
}

/// As above, where the worker comes back by itself, for it had been only slow before.
#[test]
fn who_was_slow_once_and_crashes_on_its_way_out_is_fenced_too() {
    let (mut machine, mut world) = (machine(3, 3), World::new(3, 3));
    let fence = machine.declare_dead(2, Cause::Stall);
    obey(&mut machine, &mut world, &fence).unwrap();
    for _ in 0..3 {
        world.all_work();
        gap(&mut machine, &mut world).unwrap();
    }
    assert_eq!(machine.members().count(), 3);
    world.all_work();
    machine.resize(2);
    gap(&mut machine, &mut world).unwrap();
    assert_eq!(send(&mut machine, &mut world, 10), set(&[2]));
    world.crash(2);
    world.place(2).queue.clear();
    world.crash(1);
    let steps: Vec<Step> = (0..5)
        .flat_map(|_| {
            let steps = gap(&mut machine, &mut world).unwrap();
            world.all_work();
            steps
        })
        .collect();
    let at = |step: &Step| steps.iter().position(|one| one == step);
    assert!(at(&Step::Fence(2)).is_some() && at(&Step::Fence(2)) < at(&admit(2, true)));
}

#[test]
fn the_end_waits_for_all_members_and_for_nobody_else() {
    let (mut machine, mut world) = (machine(3, 3), World::new(3, 3));
    world
        .places
        .iter_mut()
        .for_each(|place| place.finished = true);
    assert!(machine.have_all_ended(&world));
    // Whoever crashed has finished, too.
    world.place(1).occupied = false;
    assert!(!machine.have_all_ended(&world));
    assert_eq!(machine.watch(world.now, &world), Some(Step::Fence(1)));
    assert!(machine.have_all_ended(&world));
    world.place(2).finished = false;
    assert!(!machine.have_all_ended(&world));
}

/// What happens between two batches.
#[derive(Clone, Copy, Debug)]
enum Event {
    Crash(u16),
    Stall(u16),
    GoOn(u16),
    Work(u16),
    /// Declared dead, whether it is or not.
    Declare(u16),
    Resize(u8),
    Barrier,
    Batch,
}

const PLACES: usize = 6;

fn events() -> impl Strategy<Value = Vec<Event>> {
    let place = || 0..PLACES as u16;
    let one = prop_oneof![
        1 => place().prop_map(Event::Crash),
        1 => place().prop_map(Event::Stall),
        2 => place().prop_map(Event::GoOn),
        4 => place().prop_map(Event::Work),
        1 => place().prop_map(Event::Declare),
        2 => (1..=PLACES as u8).prop_map(Event::Resize),
        1 => Just(Event::Barrier),
        6 => Just(Event::Batch),
    ];
    proptest::collection::vec(one, 0..120)
}

proptest! {
    /// Whatever happens, the machine comes to the next batch as long as one worker is left; what it demands can be done;
    /// the map has exactly the members; and everything is in the report.
    #[test]
    fn it_always_comes_to_the_next_batch(
        cores in 1..=PLACES as u8,
        events in events(),
        (rejoin, peaceful) in (any::<bool>(), any::<bool>()),
    ) {
        let mut machine = Membership::new(MembershipConfig {
            cores,
            places: PLACES,
            stall_timeout: Duration::from_millis(20),
            rejoin,
            plan: Plan::default(),
        });
        let mut world = World::new(cores.into(), PLACES);
        let mut wanted = usize::from(cores);
        for event in events {
            match event {
                Event::Crash(place) if !peaceful => world.crash(place),
                Event::Stall(place) if !peaceful => world.stall(place),
                Event::GoOn(place) => world.place(place).stalled = false,
                Event::Work(place) => world.work(place),
                Event::Declare(place) if !peaceful && machine.members().has(place) => {
                    let fence = machine.declare_dead(place, Cause::Stall);
                    obey(&mut machine, &mut world, &fence).unwrap();
                }
                Event::Resize(cores) => {
                    machine.resize(cores);
                    wanted = cores.into();
                }
                Event::Barrier => world.barriers += 1,
                _ => {}
            }
            if machine.members().is_empty() {
                break;
            }
            gap(&mut machine, &mut world).unwrap();
            if machine.members().is_empty() {
                break;
            }
            send(&mut machine, &mut world, 10);
            let queues = machine.map().queues();
            prop_assert_eq!(set(queues), machine.members());
            prop_assert_eq!(queues.len(), machine.members().count());
            prop_assert!(machine.members().count() <= wanted);
            if peaceful {
                prop_assert_eq!(machine.members().count(), wanted);
            }
            if let Some(last) = machine.report().resteerings.last() {
                prop_assert_eq!(&last.queues[..], queues);
            }
        }
        let fences = world.places.iter().filter(|place| place.fenced).count();
        prop_assert!(machine.report().died.len() >= fences);
        let joined: usize = machine.report().resteerings.iter().map(|turn| turn.joined.len()).sum();
        prop_assert!(usize::from(cores) + joined >= machine.members().count());
    }

    /// While workers are called, however slowly and whoever waits for them, nobody is declared dead.
    #[test]
    fn who_is_called_lives(gaps in proptest::collection::vec(0u64..200, 1..100)) {
        let (mut machine, mut world) = (machine(2, 2), World::new(2, 2));
        for ms in gaps {
            world.all_work();
            world.now += Duration::from_millis(ms);
            prop_assert_eq!(machine.watch(world.now, &world), None);
        }
    }
}
