/*
 * sched/idle.c and the covering of sched/timer.c: when a worker sleeps, and who wakes it.
 *
 * Each process `worker` is one worker's thread; its labels are the functions and step numbers of
 * idle.c, run.c and timer.c. Tasks are only counted. A running task may spawn or ready another, sleep,
 * end, or keep its worker until every task that was made findable or sleeps has begun or woken.
 *
 * The store buffer. The plain stores that the protocol orders by fences reach memory late: what a push
 * publishes (`unseen` until then), and idle_count with the release of idle_lock behind it
 * (`count_in_buffer`), so that the next holder sees what the last one stored. A fence and a queue's
 * compare-and-swap empty the buffer, and so does timers.lock. The changes of `searching`, and taking
 * idle_lock again, do not: C11 does not promise that they do, although a locked instruction of x86
 * would. With NO_BUFFER stores reach memory at once, so that larger cases can be explored.
 *
 * What must hold when nothing moves any more (process `monitor`)
 *   if a queue holds a task, no worker sleeps; with SPAWNS_ONLY, no worker could still be made;
 *   if a timer is due, no worker sleeps;
 *   if all sleep, a deadlock was reported;
 *   unless it was, nobody is counted among the searchers.
 * Whoever gives up a search was counted. And whenever a deadlock is reported, no task runs, waits in a queue, sleeps, or is being woken.
 *
 * With SLOTS a task may also ready one into its worker's slot, and one sleeper naps, NAPS_MOST times in a
 * row: then a slot that holds a task while a worker sleeps for long is an error too. When a slot's task is
 * taken by a thief is chance here (pick.c says when), so whether a nap finds it is. With MOVES a searcher
 * takes two tasks, and carries one over to its own queue; and a pick may take one of another's without a
 * search.
 *
 * With RETIRES worker 1 may leave for good (sched_idle_leave) whenever it has found nothing to do.
 *
 * Not here: the global queue (one more place to push to and to look at), starved tasks, the order of
 * the list of sleepers (any may be woken), workers that cannot be made.
 *
 * run: WORKERS=2 PUSHES=3 SPURIOUS=1
 * run: WORKERS=3 MADE=1 PUSHES=2 SPAWNS_ONLY
 * run: WORKERS=2 MADE=1 PUSHES=3 SPAWNS_ONLY
 * run: WORKERS=3 PUSHES=2 NO_BUFFER
 * run: WORKERS=2 PUSHES=1 TIMERS=1
 * run: WORKERS=2 PUSHES=1 TIMERS=2 NO_BUFFER
 * run: WORKERS=2 PUSHES=2 TIMERS=1 SPURIOUS=1 NO_BUFFER
 * run: WORKERS=2 PUSHES=3 RETIRES SPURIOUS=1
 * run: WORKERS=2 MADE=1 PUSHES=3 SPAWNS_ONLY RETIRES
 * run: WORKERS=3 PUSHES=2 RETIRES NO_BUFFER
 * run: WORKERS=2 PUSHES=1 TIMERS=1 RETIRES
 * run: WORKERS=2 PUSHES=2 TIMERS=1 RETIRES NO_BUFFER
 * run: WORKERS=2 PUSHES=2 SLOTS
 * run: WORKERS=2 PUSHES=3 SLOTS SPURIOUS=1 NO_BUFFER
 * run: WORKERS=3 PUSHES=2 SLOTS NAPS_MOST=0 NO_BUFFER
 * run: WORKERS=3 PUSHES=1 SLOTS NO_BUFFER
 * run: WORKERS=3 PUSHES=2 MOVES NO_BUFFER
 * mutant: WORKERS=2 PUSHES=1 NO_FENCE_2 -- a pusher looks at the sleepers before its task can be seen
 * mutant: WORKERS=2 PUSHES=1 NO_FENCE_C -- a sleeper looks at the queues before it can be seen itself
 * mutant: WORKERS=2 PUSHES=1 NO_STEP_D -- a sleeper does not look once more
 * mutant: WORKERS=3 PUSHES=2 NO_PASSING_ON -- a searcher that found work wakes nobody
 * mutant: WORKERS=2 PUSHES=2 NO_INHERITING -- a woken worker forgets the search claimed for it
 * mutant: WORKERS=3 MADE=2 PUSHES=2 SPAWNS_ONLY SPURIOUS=1 NO_SECOND_QUESTION -- a claim is given up silently
 * mutant: WORKERS=3 MADE=1 PUSHES=2 SPAWNS_ONLY NO_MAKING_ON -- a burst of spawns makes one worker
 * mutant: WORKERS=3 PUSHES=2 LOOKS_TOO_EARLY NO_BUFFER -- a searcher looks whom to wake for before it gives up its search
 * mutant: WORKERS=2 PUSHES=1 SLOTS SILENT_SLOT -- who fills a slot wakes nobody, whoever sleeps
 * mutant: WORKERS=2 PUSHES=1 SLOTS NO_FENCE_NEXT -- who fills a slot looks for a napper before it can be seen
 * mutant: WORKERS=2 PUSHES=1 SLOTS NO_BUFFER NAPS_STAY_COUNTED -- who napped is believed to nap still
 * mutant: WORKERS=2 PUSHES=1 SLOTS NO_BUFFER SLOTS_UNLOOKED -- who sleeps for long does not look into the slots
 * mutant: WORKERS=3 PUSHES=2 SLOTS NO_BUFFER SLOTS_NOT_PASSED_ON -- a searcher that found work wakes nobody for a slot
 * mutant: WORKERS=3 PUSHES=2 MOVES MOVES_UNSEARCHED NO_BUFFER -- who does not search moves tasks, and wakes nobody
 * mutant: WORKERS=2 PUSHES=1 TIMERS=1 NO_COVER -- who goes to sleep does not look at the timers
 * mutant: WORKERS=2 PUSHES=1 TIMERS=1 SILENT_ARM -- who arms a timer and goes on wakes nobody
 * mutant: WORKERS=2 PUSHES=1 TIMERS=1 VERDICT_WITHOUT_TIMERS -- the verdict forgets sleeping tasks
 * mutant: WORKERS=2 PUSHES=1 TIMERS=1 VERDICT_WITHOUT_LOCK -- the verdict counts, and looks later
 * mutant: WORKERS=2 PUSHES=1 RETIRES LEAVE_SILENTLY -- who leaves for good wakes nobody
 * mutant: WORKERS=2 PUSHES=1 TIMERS=1 RETIRES LEAVE_SILENTLY -- nor for a timer that he was to cover
 * mutant: WORKERS=2 PUSHES=1 RETIRES LEAVE_IN_TWO -- who leaves looks for a sleeper, and later is not counted
 * mutant: WORKERS=3 PUSHES=2 RETIRES LEAVE_SEARCHING -- who leaves is counted among the searchers for ever
 * mutant: WORKERS=2 PUSHES=1 RETIRES LEAVE_COUNTED -- who leaves is counted awake for ever
 * mutant: WORKERS=2 PUSHES=1 RETIRES LEAVE_UNHEARD -- who leaves takes a sleeper off the list and does not wake it
 * mutant: WORKERS=2 PUSHES=1 RETIRES LEAVE_UNCLAIMED -- the sleeper that is woken gets no search
 * mutant: WORKERS=2 PUSHES=2 TAKES_OVER_AT_ONCE -- who is taken off the list goes on before its word is set
 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef MADE
#define MADE WORKERS
#endif
#ifndef PUSHES
#define PUSHES 1
#endif
#ifndef TIMERS
#define TIMERS 0
#endif
#ifndef SPURIOUS
#define SPURIOUS 0
#endif

#ifndef NAPS_MOST
#define NAPS_MOST 1
#endif

#define NOBODY  255
#define FOREVER 254

mtype = { unmade, starting, looking, entering, asleep, leaving, running, spinning, ended, retired };
mtype = { after_push, after_found, after_uncovered, after_arm, after_due };

mtype state[WORKERS] = unmade;

/* Queues: one a worker, as a number of tasks. */
byte queue[WORKERS];  /* what everyone sees */
byte unseen[WORKERS]; /* pushed, still in the owner's store buffer */

/* The slots: at most one task in each. The exchange that fills one is ordered by no more than its fence. */
bool slot[WORKERS];
bool unseen_slot[WORKERS];

byte searching;
byte napping;      /* as everyone sees it */
byte napping_here; /* as the last holder of idle_lock left it */
bool is_napping[WORKERS];
byte idle_count;      /* as everyone sees it */
byte idle_count_here; /* as the last holder of idle_lock left it */
byte count_in_buffer = NOBODY;
byte idle_lock = NOBODY; /* who holds it over more than one step */
bool is_idle[WORKERS];
bool wake_word[WORKERS];
byte awake = MADE;
byte worker_count = MADE;

/* Timers: one for each deadline 1 ... TIMERS. */
bool armed[TIMERS + 1];
byte now;
byte coverer = NOBODY;
byte covered;

/* What tasks may still do, and how many were made findable and have not begun. */
byte pushes_left = PUSHES;
byte timers_left = TIMERS;
byte spurious_left = SPURIOUS;
byte unbegun;
bool reported;

#if WORKERS == 2
#define ANY_WORK (queue[0] + queue[1] > 0)
#define ANY_SLOT (slot[0] || slot[1])
#define ALL(p)   (p(0) && p(1))
#else
#define ANY_WORK (queue[0] + queue[1] + queue[2] > 0)
#define ANY_SLOT (slot[0] || slot[1] || slot[2])
#define ALL(p)   (p(0) && p(1) && p(2))
#endif

#if TIMERS == 0
#define EARLIEST FOREVER
#elif TIMERS == 1
#define EARLIEST (armed[1] -> 1 : FOREVER)
#else
#define EARLIEST (armed[1] -> 1 : (armed[2] -> 2 : FOREVER))
#endif
#define ANY_ARMED (EARLIEST != FOREVER)
#define UNCOVERED (ANY_ARMED && (coverer == NOBODY || covered > EARLIEST))

/* ---- the store buffer */

#define COUNT_ARRIVES idle_count = idle_count_here; napping = napping_here; count_in_buffer = NOBODY

#ifdef NO_BUFFER
#define PUSH             queue[me]++
#define FILL_SLOT        slot[me] = true
#define COUNT_WAS_STORED COUNT_ARRIVES
#else
#define PUSH             unseen[me]++
#define FILL_SLOT        unseen_slot[me] = true
#define COUNT_WAS_STORED count_in_buffer = me
#endif

inline empty_buffer(who)
{
    if
    :: count_in_buffer == who -> COUNT_ARRIVES
    :: else
    fi;
    slot[who] = slot[who] || unseen_slot[who];
    unseen_slot[who] = false;
    queue[who] = queue[who] + unseen[who];
    unseen[who] = 0
}

/* The stores of one worker arrive in order: a push comes after the count that was stored before it. */
proctype memory()
{
    byte who;
end:
    do
    :: count_in_buffer != NOBODY ->
       atomic {
           if
           :: count_in_buffer != NOBODY -> COUNT_ARRIVES
           :: else
           fi
       }
#ifdef SLOTS
    :: atomic { unseen_slot[0] && count_in_buffer != 0 -> slot[0] = true; unseen_slot[0] = false }
    :: atomic { unseen_slot[1] && count_in_buffer != 1 -> slot[1] = true; unseen_slot[1] = false }
#endif
    :: unseen[0] > 0 && count_in_buffer != 0 ->
       d_step { queue[0] = queue[0] + unseen[0]; unseen[0] = 0 }
    :: unseen[1] > 0 && count_in_buffer != 1 ->
       d_step { queue[1] = queue[1] + unseen[1]; unseen[1] = 0 }
#if WORKERS > 2
    :: unseen[2] > 0 && count_in_buffer != 2 ->
       d_step { queue[2] = queue[2] + unseen[2]; unseen[2] = 0 }
#endif
    od
}

proctype clock()
{
end:
    do
    :: now < TIMERS -> now++
    od
}

/* ---- a worker */

/* idle_lock: free once the last holder's stores have arrived. To be used inside `atomic`. */
#define IDLE_LOCK_IS_FREE (idle_lock == NOBODY && (count_in_buffer == NOBODY || count_in_buffer == me))
#define MY_IDLE_COUNT     (count_in_buffer == me -> idle_count_here : idle_count)

inline leave_idle(who)
{
    is_idle[who] = false;
    idle_count_here--;
    awake++;
#ifndef NAPS_STAY_COUNTED
    napping_here = napping_here - is_napping[who];
#endif
    is_napping[who] = false;
    COUNT_WAS_STORED
}

inline leave_or_inherit()
{
#ifndef NO_INHERITING
    mine = !is_idle[me];
#endif
    if
    :: is_idle[me] -> leave_idle(me)
    :: else
    fi
}

#define IS_STILL(who) (state[who] != running && state[who] != spinning && state[who] != starting)

proctype worker(byte me)
{
    bool mine;      /* worker->searching */
    bool may_make, make, woken, next, moved;
    byte victim, deadline, naps;
    mtype then;

    if
    :: me == 0 -> state[me] = running; goto task
    :: me > 0 && me < MADE -> goto find_work
    :: me >= MADE ->
end_unmade:
       state[me] == starting; worker_count++; mine = true; goto find_work
    fi;

    /* ---- run.c: find_work */
find_work:
timers_run:
#if TIMERS > 0
    atomic {
        victim = EARLIEST;
        if
        :: victim <= now ->
           empty_buffer(me);
           armed[victim] = false;
           unbegun++;
           PUSH;
           may_make = false; then = after_due; goto sched_wake_one
        :: else
        fi
    }
#endif
    if
    :: next -> next = false; goto begin
    :: else
    fi;
pick_local:
    atomic {
        empty_buffer(me);
        if
        :: queue[me] > 0 -> queue[me]--; goto search_end
        :: slot[me] -> slot[me] = false; goto search_end
#ifdef MOVES
        :: queue[(me + 1) % WORKERS] > 0 && !mine -> /* the 61st pick */
           queue[(me + 1) % WORKERS]--;
#ifdef MOVES_UNSEARCHED
           moved = queue[(me + 1) % WORKERS] > 0;
           queue[(me + 1) % WORKERS] = queue[(me + 1) % WORKERS] - moved;
#endif
           goto move
#endif
        :: queue[me] == 0 && !slot[me] -> state[me] = looking
        fi
    }
search_begin:
    atomic {
        if
        :: mine
        :: else -> mine = true; searching++
        fi
    }
search: /* one look at another's queue, or none: it may miss whatever it likes */
    if
    :: atomic { queue[(me + 1) % WORKERS] > 0 -> queue[(me + 1) % WORKERS]--; goto search_end }
#ifdef MOVES
    :: atomic { /* a second one is moved */
           queue[(me + 1) % WORKERS] > 1 ->
           queue[(me + 1) % WORKERS] = queue[(me + 1) % WORKERS] - 2;
           moved = true;
           goto move
       }
#endif
#ifdef SLOTS
    :: atomic { slot[(me + 1) % WORKERS] -> slot[(me + 1) % WORKERS] = false; goto search_end }
#endif
#if WORKERS > 2
    :: atomic { queue[(me + 2) % WORKERS] > 0 -> queue[(me + 2) % WORKERS]--; goto search_end }
#endif
    :: true
    fi;

#ifdef RETIRES
    if
    :: me == 1 -> goto retire
    :: true
    fi;
#endif

    /* ---- idle.c: sched_idle_sleep */
step_a:
    atomic { assert(searching > 0); mine = false; searching-- }
step_b:
    atomic {
        IDLE_LOCK_IS_FREE ->
        state[me] = entering;
        wake_word[me] = false;
        is_idle[me] = true;
        idle_count_here++;
        awake--;
#ifdef SLOTS
        is_napping[me] = napping_here == 0 && awake > 0 && naps < NAPS_MOST;
        napping_here = napping_here + is_napping[me];
        make = is_napping[me]; /* `naps` in sched_idle_sleep */
#endif
        COUNT_WAS_STORED
    }
cover:
    deadline = FOREVER;
#if TIMERS > 0 && !defined(NO_COVER)
    atomic { /* timers.lock, as everywhere where timers change: it empties the buffer */
        empty_buffer(me);
        if
        :: UNCOVERED -> deadline = EARLIEST; covered = deadline; coverer = me
        :: else
        fi
    }
#endif
step_c:
#ifndef NO_FENCE_C
    atomic { empty_buffer(me) }
#endif
nothing_to_do: /* step d, under idle_lock: pushers do not take it, so each queue is a step */
#ifdef VERDICT_WITHOUT_LOCK
    woken = awake == 0;
#endif
    atomic { IDLE_LOCK_IS_FREE -> idle_lock = me; victim = 0; next = !make || awake == 0 }
#ifdef NO_STEP_D
    victim = WORKERS;
#endif
    do
#ifndef SLOTS
    :: victim < WORKERS && queue[victim] == 0 -> victim++
#else
    :: atomic { victim < WORKERS && queue[victim] == 0 -> make = true }
       if
#ifdef SLOTS_UNLOOKED
       :: victim++
#else
       :: atomic { next && slot[victim] -> leave_or_inherit(); idle_lock = NOBODY; naps = 0; next = false }
          goto uncover
       :: atomic { !next || !slot[victim] -> victim++ }
#endif
       fi
#endif
    :: victim < WORKERS && queue[victim] > 0 ->
       atomic { leave_or_inherit(); idle_lock = NOBODY; naps = 0; next = false }
       goto uncover
    :: victim == WORKERS -> break
    od;
    atomic {
        idle_lock = NOBODY;
        next = false;
        if
#ifdef VERDICT_WITHOUT_TIMERS
        :: awake == 0 && !ANY_WORK ->
#elif defined(VERDICT_WITHOUT_LOCK)
        :: woken && !ANY_WORK && !ANY_ARMED ->
#elif defined(NO_STEP_D)
        :: awake == 0 && !ANY_WORK && !ANY_ARMED ->
#else
        :: awake == 0 && !ANY_ARMED ->
#endif
           assert(ALL(IS_STILL) && !ANY_WORK && !ANY_SLOT && unbegun == 0 && !ANY_ARMED);
           reported = true; state[me] = ended; goto stop
        :: else -> state[me] = asleep
        fi
    }
wait_until_woken: /* step e */
end_asleep:
    atomic {
        if
        :: wake_word[me]
        :: deadline <= now
        :: is_napping[me]
        :: spurious_left > 0 -> spurious_left--
        fi;
        state[me] = leaving
    }
    atomic {
        IDLE_LOCK_IS_FREE ->
        if
        :: is_napping[me] && is_idle[me] -> naps++
        :: else -> naps = 0
        fi;
        leave_or_inherit()
    }
uncover:
take_over: /* who takes it off the list has its affinity in his hands until he sets the word */
#ifndef TAKES_OVER_AT_ONCE
    (!mine || wake_word[me]);
#endif
    assert(!mine || wake_word[me]);
#if TIMERS > 0
    atomic {
        empty_buffer(me);
        if
        :: coverer == me -> coverer = NOBODY
        :: else
        fi
    }
#endif
    atomic {
        if
        :: mine
        :: else -> mine = true; searching++
        fi
    }
    goto find_work;

    /* ---- a task was found */
#ifdef MOVES
move: /* what is under way from queue to queue is seen by nobody */
    if
    :: moved -> PUSH; moved = false
    :: else
    fi;
#endif
search_end:
#ifdef LOOKS_TOO_EARLY
    atomic {
        empty_buffer(me);
        may_make = ANY_WORK
    }
#endif
    atomic {
        naps = 0;
        state[me] = running;
        if
        :: !mine -> goto found_after_search
        :: else -> mine = false; searching--
        fi;
        if
#ifdef NO_PASSING_ON
        :: true -> goto found_after_search
#else
        :: searching > 0 -> goto found_after_search
        :: else -> then = after_found
#endif
        fi
    }
#ifdef LOOKS_TOO_EARLY
    atomic {
        if
        :: !may_make -> goto found_after_search
        :: else -> may_make = worker_count < WORKERS; goto sched_wake_one
        fi
    }
#endif
    atomic { empty_buffer(me); victim = 0 }
    do /* sched_any_work(false): each queue is a step; only who found one full wakes */
    :: atomic { victim < WORKERS && queue[victim] > 0 ->
#ifdef NO_MAKING_ON
           may_make = false;
#else
           may_make = worker_count < WORKERS;
#endif
           goto step_3
       }
    :: atomic { victim < WORKERS && queue[victim] == 0 -> victim++ }
    :: victim == WORKERS -> break
    od;
#if defined(SLOTS) && !defined(SLOTS_NOT_PASSED_ON)
    atomic {
        if
        :: ANY_SLOT -> goto look_for_nap
        :: else
        fi
    }
#endif
found_after_search:
    if
#if TIMERS > 0
    :: UNCOVERED -> may_make = false; then = after_uncovered; goto sched_wake_one
    :: else
#else
    :: true
#endif
    fi;

    /* ---- a task runs */
begin:
    atomic { unbegun--; state[me] = running }
task:
    if
    :: atomic { /* step 1 */
           pushes_left > 0 ->
           pushes_left--;
           unbegun++;
           PUSH;
           then = after_push
       }
       if
       :: may_make = true /* sched_start */
#ifndef SPAWNS_ONLY
       :: may_make = false /* sched_ready */
#endif
       fi;
       goto sched_wake_one
#ifdef SLOTS
    :: atomic { /* sched_ready_next: what stood in the slot goes to the ring */
           pushes_left > 0 ->
           pushes_left--;
           unbegun++;
           then = after_push;
           may_make = false;
           if
           :: slot[me] || unseen_slot[me] -> PUSH; goto sched_wake_one
           :: else -> FILL_SLOT; goto sched_wake_for_next
           fi
       }
#endif
    :: state[me] = spinning;
end_spinning:
       atomic { unbegun == 0 && !ANY_ARMED -> state[me] = running; goto task }
    :: goto find_work /* it ends, or parks for good */
#if TIMERS > 0
    :: atomic { timers_left > 0 -> timers_left-- }
sched_park: /* of a sleep: what comes next is picked before the timer is armed */
       atomic {
           empty_buffer(me);
           next = queue[me] > 0;
           queue[me] = queue[me] - next
       }
sched_timer_arm:
       atomic {
           empty_buffer(me);
           if
           :: !armed[1] -> armed[1] = true
#if TIMERS > 1
           :: !armed[2] -> armed[2] = true
#endif
           fi;
#ifdef SILENT_ARM
           make = false
#else
           make = next && UNCOVERED
#endif
       }
       if
       :: make -> may_make = false; then = after_arm; goto sched_wake_one
       :: else -> goto timers_run
       fi
#endif
    fi;

#ifdef SLOTS
    /* ---- idle.c: sched_wake_for_next */
sched_wake_for_next:
#ifndef NO_FENCE_NEXT
    atomic { empty_buffer(me) }
#endif
look_for_nap:
    atomic {
        may_make = false;
        if
#ifdef SILENT_SLOT
        :: goto woke
#else
        :: (count_in_buffer == me -> napping_here : napping) > 0 -> goto woke
        :: (count_in_buffer == me -> napping_here : napping) == 0
        :: (count_in_buffer == me -> napping_here : napping) > 0 /* keeps_tasks */
#endif
        fi
    }
    goto step_3;
#endif

    /* ---- idle.c: sched_wake_one */
sched_wake_one:
#ifndef NO_FENCE_2
    atomic { empty_buffer(me) }
#endif
step_3:
    if
    :: searching != 0 -> goto woke
    :: else
    fi;
    make = false;
    if
    :: MY_IDLE_COUNT == 0 ->
       make = may_make && worker_count < WORKERS;
       if
       :: make
       :: else -> goto woke
       fi
    :: else
    fi;
claim:
    atomic {
        if
        :: searching != 0 -> goto woke
        :: else -> searching = 1
        fi
    }
wake_sleeper:
    atomic {
        IDLE_LOCK_IS_FREE ->
        if
        :: is_idle[0] -> victim = 0
        :: is_idle[1] -> victim = 1
#if WORKERS > 2
        :: is_idle[2] -> victim = 2
#endif
        :: else -> victim = NOBODY
        fi;
        if
        :: victim != NOBODY -> leave_idle(victim)
        :: else
        fi
    }
    if
    :: victim != NOBODY -> wake_word[victim] = true; goto woke
    :: victim == NOBODY && make && worker_count < WORKERS ->
       atomic { awake++; state[worker_count] = starting }
       goto woke
    :: else
    fi;
give_up:
    searching--;
#ifdef NO_SECOND_QUESTION
    goto woke;
#endif
    d_step {
        empty_buffer(me);
        may_make = may_make || ANY_WORK
    }
    goto step_3;
woke:
    if
    :: then == after_push -> goto task
    :: then == after_found -> goto found_after_search
    :: then == after_uncovered -> goto begin
    :: then == after_arm -> goto timers_run
    :: then == after_due -> goto timers_run
    fi;
#ifdef RETIRES

    /* ---- idle.c: sched_idle_leave */
retire:
#ifndef LEAVE_SEARCHING
    atomic { mine = false; searching-- } /* r1 */
#endif
    atomic { empty_buffer(me) }          /* r2 */
    atomic {                             /* r3 */
        IDLE_LOCK_IS_FREE ->
        if
#ifndef LEAVE_SILENTLY
        :: is_idle[0] -> victim = 0
#if WORKERS > 2
        :: is_idle[2] -> victim = 2
#endif
        :: else -> victim = NOBODY
#else
        :: victim = NOBODY
#endif
        fi;
        if
        :: victim != NOBODY ->
           leave_idle(victim);
#ifndef LEAVE_UNCLAIMED
           searching++
#endif
        :: else
        fi;
#ifdef LEAVE_IN_TWO
    }
    atomic {
        IDLE_LOCK_IS_FREE ->
#endif
#ifndef LEAVE_COUNTED
        awake--;
#endif
        if
#ifdef LEAVE_UNHEARD
        :: true -> state[me] = retired; goto stop
#endif
        :: victim == NOBODY -> state[me] = retired; goto stop
        :: else
        fi
    }
    atomic { wake_word[victim] = true; state[me] = retired } /* r4 */
#endif
stop:
    skip
}

/* ---- what must hold when nothing moves */

#define IS_QUIET(who) (state[who] == asleep || state[who] == spinning || state[who] == ended || \
                       state[who] == unmade || state[who] == retired)
#define IS_UP(who)    (state[who] == spinning || state[who] == unmade || state[who] == retired)
#define IS_DOWN(who)  (state[who] != spinning)
#define IS_MADE(who)  (state[who] != unmade)

proctype monitor()
{
    timeout ->
    assert(ALL(IS_QUIET));
    assert(!ANY_WORK || ALL(IS_UP));
#ifdef SPAWNS_ONLY
    assert(!ANY_WORK || ALL(IS_MADE));
#endif
    assert(!ANY_SLOT || ALL(IS_UP));
    assert(!ANY_ARMED || ALL(IS_UP));
    assert(!ALL(IS_DOWN) || reported);
    assert(searching == 0 || reported)
}

init
{
    atomic {
#ifndef NO_BUFFER
        run memory();
#endif
#if TIMERS > 0
        run clock();
#endif
        run worker(0);
        run worker(1);
#if WORKERS > 2
        run worker(2);
#endif
        run monitor()
    }
}
