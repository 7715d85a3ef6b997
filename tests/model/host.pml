/*
 * sched/host.c and sched_entry_taken in sched/pick.c: a fresh task's entry in a deque, its owner, a
 * thief, and an awaiter that runs the task before either of them comes upon the entry.
 *
 * Two workers, each with a deque (tests/model/deque.pml has its inside: here an operation is a step).
 * Worker 0 creates LIVES children in DESCRIPTORS descriptors, so that they are used again. Who awaits a
 * child, or lets it go, is either worker; while it waits, or while the child that it hosts is parked, it
 * picks: its own newest, its own oldest, the other's oldest. Worker 1 as a searcher also moves a second
 * entry into its own deque, and for a moment nobody can see it there. A worker that hosts first drops
 * stale entries at the ends of its own deque. The steps are the atomic operations of the C.
 *
 * An entry remembers which life of its descriptor it was made for (`entry_life`); the C cannot know.
 *
 * What must hold
 *   an entry is taken out in the life that it was made for: no descriptor is recycled before that;
 *   each child runs once, and an await ends after its child did;
 *   a descriptor is recycled once a life;
 *   when nothing moves any more, all children have run, all descriptors are free, the deques are empty.
 *
 * run: LIVES=4 DESCRIPTORS=2
 * run: LIVES=3 DESCRIPTORS=3
 * run: LIVES=3 DESCRIPTORS=3 ONE_AWAITER
 * mutant: LIVES=2 DESCRIPTORS=2 TAKE_BY_STORE -- who takes an entry out looks at it, and then stores
 * mutant: LIVES=2 DESCRIPTORS=2 CLAIM_BY_STORE -- an awaiter looks at the entry, and then stores
 * mutant: LIVES=2 DESCRIPTORS=2 RECYCLE_AT_ONCE -- a hosted child is recycled while its entry stands
 * mutant: LIVES=2 DESCRIPTORS=2 FINDER_RECYCLES -- who finds a stale entry recycles the task that runs
 * mutant: LIVES=2 DESCRIPTORS=2 ABANDON_BY_STORE -- the end of hosting looks at the entry, and then stores
 * mutant: LIVES=2 DESCRIPTORS=2 MOVED_IS_TAKEN -- who moved an entry believes the task to be its own
 * mutant: LIVES=2 DESCRIPTORS=2 STAYS_QUEUED -- an awaiter that took the entry out leaves it queued
 * mutant: LIVES=3 DESCRIPTORS=3 DROPS_THE_NEXT -- who drops a stale entry takes what stands there by then
 * mutant: LIVES=2 DESCRIPTORS=2 FORGETS_ABANDONED -- who finds an abandoned entry leaves the descriptor
 */
#ifndef LIVES
#define LIVES 2
#endif
#ifndef DESCRIPTORS
#define DESCRIPTORS 2
#endif

#define WORKERS 2
#define NOBODY  255
#define OTHER   (1 - me)

mtype = { none, queued, stale, abandoned };

/* Descriptors. */
mtype entry[DESCRIPTORS] = none;
byte life[DESCRIPTORS] = NOBODY; /* which child it is; NOBODY: free */
bool done[DESCRIPTORS];          /* join: the task has ended ... */
bool detached[DESCRIPTORS];      /* ... or nobody awaits it */

/* Children, by their number. */
byte runs[LIVES];
bool ended[LIVES];
byte made;

/* Handles that nobody has consumed yet: by descriptor. */
bool handle[DESCRIPTORS];

#define IS_FREE(what) (life[what] == NOBODY)
#define IS_HELD(what) handle[what]
#if DESCRIPTORS == 2
#define ANY(p) (p(0) || p(1))
#else
#define ANY(p) (p(0) || p(1) || p(2))
#endif

/* The deques: slot 0 is the oldest. */
#define AT(who, place) (who) * LIVES + (place)
byte deque[WORKERS * LIVES] = NOBODY;      /* descriptors */
byte entry_life[WORKERS * LIVES] = NOBODY; /* and what they were */
byte length[WORKERS];

#define NEWEST(who) deque[AT(who, length[who] - 1)]
#define OLDEST(who) deque[AT(who, 0)]

inline push(who, what, number)
{
    deque[AT(who, length[who])] = what;
    entry_life[AT(who, length[who])] = number;
    length[who]++
}

inline take_newest(who)
{
    length[who]--;
    task = deque[AT(who, length[who])];
    number = entry_life[AT(who, length[who])];
    deque[AT(who, length[who])] = NOBODY;
    entry_life[AT(who, length[who])] = NOBODY
}

inline take_oldest(who)
{
    task = deque[AT(who, 0)];
    number = entry_life[AT(who, 0)];
    length[who]--;
    place = 0;
    do
    :: place < length[who] ->
       deque[AT(who, place)] = deque[AT(who, place + 1)];
       entry_life[AT(who, place)] = entry_life[AT(who, place + 1)];
       place++
    :: else -> break
    od;
    deque[AT(who, length[who])] = NOBODY;
    entry_life[AT(who, length[who])] = NOBODY;
    place = 0
}

/* Every access by who took an entry out. */
#define TOUCH_ENTRY assert(life[task] == number)

inline recycle(what)
{
    assert(life[what] != NOBODY && ended[life[what]]);
    life[what] = NOBODY;
    done[what] = false;
    detached[what] = false
}

inline begin(what)
{
    assert(life[what] != NOBODY && runs[life[what]] == 0);
    runs[life[what]]++
}

/* sched_entry_taken, for `task`: `mine` says whether it is still to be begun. */
inline entry_taken()
{
#ifdef TAKE_BY_STORE
    atomic { TOUCH_ENTRY; seen = entry[task] }
    atomic { TOUCH_ENTRY; entry[task] = none; mine = seen == queued }
#else
    atomic { TOUCH_ENTRY; seen = entry[task]; entry[task] = none; mine = seen == queued }
#endif
    atomic {
        if
#ifdef FINDER_RECYCLES
        :: seen == stale || seen == abandoned -> recycle(task)
#elif !defined(FORGETS_ABANDONED)
        :: seen == abandoned -> recycle(task)
#endif
        :: else
        fi;
        seen = none
    }
}

/* A runner runs the task that it took, if it is to be begun; then finish in run.c. */
inline run_fresh()
{
    if
    :: mine ->
       begin(task);
       atomic {
           ended[life[task]] = true;
           if
           :: detached[task] -> recycle(task)
           :: else -> done[task] = true
           fi
       }
    :: else
    fi;
    atomic { task = NOBODY; number = NOBODY; mine = false }
}

#ifdef DROPS_THE_NEXT
#define IS_STILL_THERE(what, now) (length[me] > 0)
#else
#define IS_STILL_THERE(what, now) (length[me] > 0 && (now) == (what))
#endif
#define IS_STALE(what) (entry[what] == stale || entry[what] == abandoned)

proctype worker(byte me)
{
    byte hosted = NOBODY;  /* the child that its task runs on its own stack */
    byte joining = NOBODY; /* the child that its task waits for */
    byte task = NOBODY, number = NOBODY, place, peeked = NOBODY;
    byte moved = NOBODY, moved_number = NOBODY;
    mtype seen = none;
    bool mine;

end:
    do
    /* ---- its task */
    :: atomic { /* create: a free descriptor, whose handle somebody may have at once */
           me == 0 && hosted == NOBODY && joining == NOBODY && made < LIVES && ANY(IS_FREE) ->
           place = 0;
           do
           :: IS_FREE(place) -> break
           :: else -> place++
           od;
           life[place] = made;
           made++;
           entry[place] = queued;
           push(0, place, life[place]);
           handle[place] = true;
           place = 0
       }
    :: atomic { /* somebody consumes a handle */
#ifdef ONE_AWAITER
           me == 0 &&
#endif
           hosted == NOBODY && joining == NOBODY && ANY(IS_HELD) ->
           if
           :: handle[0] -> peeked = 0
           :: handle[1] -> peeked = 1
#if DESCRIPTORS > 2
           :: handle[2] -> peeked = 2
#endif
           fi;
           handle[peeked] = false
       }
       if
       :: goto await
       :: atomic { /* keel_task_detach */
              if
              :: done[peeked] -> recycle(peeked)
              :: else -> detached[peeked] = true
              fi;
              peeked = NOBODY
          }
       fi
    :: atomic { joining != NOBODY && done[joining] ->
           assert(runs[life[joining]] == 1 && ended[life[joining]]);
           recycle(joining);
           joining = NOBODY
       }
    :: hosted != NOBODY -> goto end_hosting
    /* ---- its picks: of an idle worker, or of one whose task is parked */
    :: atomic { length[me] > 0 -> take_newest(me) }
       goto taken
    :: atomic { length[me] > 0 -> take_oldest(me) }
       goto taken
    :: atomic { length[OTHER] > 0 -> take_oldest(OTHER) }
       goto stolen
    od;

    /* ---- pick.c */
stolen:
    entry_taken();
    if
    :: atomic { me == 1 && mine && length[0] > 0 -> /* a second one, which is moved */
           moved = task;
           moved_number = number;
           take_oldest(0);
           seen = none
       }
       atomic {
           push(1, task, number);
           task = moved;
           number = moved_number;
           moved = NOBODY;
           moved_number = NOBODY
       }
    :: true
    fi;
    run_fresh();
    goto end;
taken:
#ifdef MOVED_IS_TAKEN
    if
    :: me == 1 -> atomic { TOUCH_ENTRY; entry[task] = none; mine = true }
    :: else -> entry_taken()
    fi;
#else
    entry_taken();
#endif
    run_fresh();
    goto end;

    /* ---- host.c: sched_host */
await:
    if
    :: entry[peeked] != queued -> goto join
    :: else
    fi;
claim:
    atomic {
        if
        :: length[me] > 0 && NEWEST(me) == peeked -> take_newest(me)
        :: length[me] > 0 && OLDEST(me) == peeked -> take_oldest(me)
        :: else -> goto claim_there
        fi;
        TOUCH_ENTRY;
#ifndef STAYS_QUEUED
        entry[peeked] = none;
#endif
        task = NOBODY;
        number = NOBODY;
        goto host
    }
claim_there:
#ifdef CLAIM_BY_STORE
    if
    :: entry[peeked] != queued -> goto join
    :: else
    fi;
    entry[peeked] = stale;
#else
    atomic {
        if
        :: entry[peeked] != queued -> goto join
        :: else -> entry[peeked] = stale
        fi
    }
#endif
host:
    atomic { hosted = peeked; peeked = NOBODY }
drop_stale: /* a look, and then the entry is taken if it is still that one */
    if
    :: atomic { length[me] > 0 && IS_STALE(NEWEST(me)) -> peeked = NEWEST(me) }
       atomic {
           if
           :: IS_STILL_THERE(peeked, NEWEST(me)) -> take_newest(me)
           :: else -> peeked = NOBODY; goto drop_stale
           fi;
           peeked = NOBODY
       }
       entry_taken();
       atomic { task = NOBODY; number = NOBODY; mine = false; goto drop_stale }
    :: atomic { length[me] > 0 && IS_STALE(OLDEST(me)) -> peeked = OLDEST(me) }
       atomic {
           if
           :: IS_STILL_THERE(peeked, OLDEST(me)) -> take_oldest(me)
           :: else -> peeked = NOBODY; goto drop_stale
           fi;
           peeked = NOBODY
       }
       entry_taken();
       atomic { task = NOBODY; number = NOBODY; mine = false; goto drop_stale }
    :: true
    fi;
    begin(hosted);
    goto end;
end_hosting: /* it may have been parked, while the worker picked */
    ended[life[hosted]] = true;
    seen = entry[hosted];
    if
    :: seen == none -> goto recycle_hosted
    :: else
    fi;
#ifdef RECYCLE_AT_ONCE
    goto recycle_hosted;
#endif
#ifdef ABANDON_BY_STORE
    entry[hosted] = abandoned;
#else
    atomic { seen = entry[hosted]; entry[hosted] = abandoned }
#endif
    if
    :: seen == none -> goto recycle_hosted
    :: else -> atomic { hosted = NOBODY; seen = none; goto end }
    fi;
recycle_hosted:
    atomic { seen = none; recycle(hosted); hosted = NOBODY; goto end }

    /* ---- await.c: what cannot be hosted is waited for */
join:
    atomic { joining = peeked; peeked = NOBODY; goto end }
}

proctype monitor()
{
    byte i;
    timeout ->
    assert(made == LIVES && length[0] + length[1] == 0);
    for (i : 0 .. LIVES - 1) {
        assert(runs[i] == 1 && ended[i])
    }
    for (i : 0 .. DESCRIPTORS - 1) {
        assert(life[i] == NOBODY)
    }
}

init
{
    atomic {
        run worker(0);
        run worker(1);
        run monitor()
    }
}
