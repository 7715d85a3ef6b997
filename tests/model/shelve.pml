/*
 * Shelving: the steps of sched/shelve.c, with the same numbers, and of mem/away.c.
 *
 * TASK: a task writes to its stack, parks, is woken, goes on, and finds there what it wrote; a
 * waker hands it an element at each park; two workers take it out of the queue of the ready;
 * sweepers shelve it whenever they may. What a discarded stack contains is `garbage`. CHILD: at any
 * park it may instead join a child that works on its stack, and then wakes it.
 *     - it finds its stack as it left it, and the element; or what the child wrote;
 *     - nobody writes to or reads from a stack whose memory goes;
 *     - it ends: nobody waits for ever.
 *
 * SLOTS: two groups of two slots each, side by side, so that a renewal of one reaches over into the
 * nearer slot of the other: both nearer ones share a page table. Owners of slots send them away,
 * take them back, run on them, and send them away at last; those of the other slots stay away.
 *     - while it runs on it, its memory stays, and it has its guard;
 *     - when all are away, no page table is left.
 *
 * run: TASK SWEEPERS=1
 * run: TASK SWEEPERS=2
 * run: TASK SWEEPERS=1 CHILD
 * run: TASK SWEEPERS=2 CHILD
 * run: SLOTS OWNED=15 ROUNDS=1
 * run: SLOTS OWNED=7 ROUNDS=2
 * run: SLOTS OWNED=6 ROUNDS=3
 * run: SLOTS OWNED=3 ROUNDS=3
 * mutant: TASK SWEEPERS=1 OFFER_BEFORE_SWITCH -- it is offered while it still stands on its stack
 * mutant: TASK SWEEPERS=1 GOES_ON_WHILE_GOING -- who takes it out of a queue looks for AWAY alone
 * mutant: TASK SWEEPERS=1 AWAY_BEFORE_IT_IS -- it is marked AWAY before its memory has gone
 * mutant: TASK SWEEPERS=1 NODE_ON_THE_STACK -- the waker writes the element to the stack
 * mutant: TASK SWEEPERS=2 CLAIMS_WITHOUT_A_LOOK -- the sweep stores GOING without comparing
 * mutant: TASK SWEEPERS=1 CHILD OFFERS_A_JOIN -- who joins its child is offered as others are
 * mutant: SLOTS OWNED=6 ROUNDS=2 RETURNS_WHILE_BUSY -- who comes back does not wait for a renewal
 * mutant: SLOTS OWNED=6 ROUNDS=2 REACHES_ANYWHERE -- a renewal reaches into what is not bare
 * mutant: SLOTS OWNED=6 ROUNDS=2 FORGETS_THE_GUARD -- who comes back does not ask for its guard
 * mutant: SLOTS OWNED=3 ROUNDS=2 RENEWS_A_PART -- a group is renewed of which one slot is in use
 * mutant: SLOTS OWNED=6 ROUNDS=1 LOOKS_FOR_NONE -- nobody looks for groups that were missed
 * mutant: SLOTS OWNED=6 ROUNDS=1 MISSES_BUSY_ONES -- only who finds itself busy is missed
 */
#ifdef TASK

#define ROUNDS  2
#define garbage 99

mtype = { BUSY, WARM, COLD, GOING, AWAY };

mtype state = BUSY;
byte stack;          /* what the task wrote there last */
byte copy;
byte node;           /* the element, in the shelf */
bool stands = true;  /* somebody runs on the stack */
bool findable, ready;
bool listed = true, locked; /* the residents' list and its lock */
byte element = garbage;     /* as the task finds it */
byte rounds;
bool joins; /* it waits for its child */
bool ended;

inline lock()
{
    atomic { !locked -> locked = true }
}

inline unlock()
{
    locked = false
}

/* The task's turn, until it parks or ends; on the worker that calls it. */
inline run_task()
{
    if
    :: rounds > 0 ->
#ifdef NODE_ON_THE_STACK
        assert(stack == 10 + rounds);
#else
        assert((joins && stack == 20 + rounds) || (!joins && stack == rounds && node == rounds));
#endif
    :: else
    fi;
    if
    :: rounds == ROUNDS ->
        lock(); assert(listed); listed = false; unlock();
        ended = true
    :: else ->
        rounds++;
        stack = rounds;
        if
        :: joins = false
#ifdef CHILD
        :: joins = true
#endif
        fi;
#ifdef OFFER_BEFORE_SWITCH
        state = WARM;
        stack = rounds; /* it pushes its registers */
        stands = false;
#else
        stands = false;
        if
#ifndef OFFERS_A_JOIN
        :: joins
#endif
        :: !joins -> state = WARM /* 1 */
#ifdef OFFERS_A_JOIN
        :: joins -> state = WARM
#endif
        fi;
#endif
        findable = true
    fi
}

/* 2 */
proctype waker()
{
    do
    :: atomic { findable -> findable = false };
#ifdef NODE_ON_THE_STACK
        stack = 10 + rounds;
#else
        if
        :: joins ->
            assert(stack == rounds);
            stack = 20 + rounds
        :: else -> node = rounds
        fi;
#endif
        ready = true
    :: ended -> break
    od
}

proctype worker()
{
    mtype seen;
    do
    :: atomic { ready -> ready = false };
        seen = BUSY;
        do
        :: state == BUSY -> break /* it was not offered */
        :: state == WARM ->
            /* 3: a compare-and-swap */
            if
            :: atomic { state == WARM -> state = BUSY }; break
            :: else
            fi
        :: state == COLD ->
            if
            :: atomic { state == COLD -> state = BUSY }; break
            :: else
            fi
#ifdef GOES_ON_WHILE_GOING
        :: state == GOING -> state = BUSY; break
#endif
        :: state == AWAY -> /* 6 */
            stack = copy;
            state = BUSY;
            lock(); listed = true; unlock();
            break
        od;
        stands = true;
        run_task()
    :: ended -> break
    od
}

proctype sweeper()
{
    bool mine;
    do
    :: ended -> break
    :: !ended ->
        mine = false;
        lock();
        if
        :: listed ->
            if
            :: atomic { state == WARM -> state = COLD }
#ifdef CLAIMS_WITHOUT_A_LOOK
            :: state == COLD -> state = GOING; listed = false; mine = true
#else
            :: atomic { state == COLD -> state = GOING }; listed = false; mine = true /* 4 */
#endif
            :: else
            fi
        :: else
        fi;
        unlock();
        if
        :: mine ->
            assert(!stands);
            if
            :: copy = stack;
#ifdef AWAY_BEFORE_IT_IS
                state = AWAY;
                stack = garbage
#else
                assert(!stands);
                stack = garbage; /* 5 */
                state = AWAY
#endif
            :: /* no memory for the block */
                lock(); listed = true; unlock();
                state = WARM
            fi
        :: else
        fi
    od
}

init {
    byte i;
    atomic {
        run waker();
        run worker();
        run worker();
        for (i : 1 .. SWEEPERS) {
            run sweeper()
        }
    }
    run_task()
}

#else

/* ---- slots: 0 and 1 are a group, 2 and 3 the other */

#define group_of(slot) ((slot) / 2)
#define table_of(slot) (((slot) + 1) / 2)
#define nearer_of(group) (1 + (group))
#define is_owned(slot)   ((OWNED >> (slot)) & 1)

bool away[4], bare[4], busy[2], missed[2]; /* guarded by the lock: all that is atomic here */
bool guarded[4], runs[4], table[3];
byte memory[4];
byte left; /* owners that have not ended */

/* 2, with the lock. */
inline begin_renewal(group)
{
    was_missed = missed[group];
    is_bare = bare[2 * (group)] && bare[2 * (group) + 1];
    missed[group] = false;
    begun = false;
    reaches = false;
    if
#ifdef RENEWS_A_PART
    :: (away[2 * (group)] || away[2 * (group) + 1]) && (!is_bare || was_missed) ->
#else
    :: away[2 * (group)] && away[2 * (group) + 1] && (!is_bare || was_missed) ->
#endif
#ifdef MISSES_BUSY_ONES
        missed[group] = busy[group];
#else
        missed[group] = busy[group] || busy[1 - (group)];
#endif
        begun = !busy[group] && !(is_bare && busy[1 - (group)])
    :: else
    fi;
    if
    :: begun ->
        busy[group] = true;
#ifdef REACHES_ANYWHERE
        reaches = !busy[1 - (group)];
#else
        reaches = !busy[1 - (group)] && bare[nearer_of(1 - (group))];
#endif
        if
        :: reaches -> busy[1 - (group)] = true
        :: else
        fi
    :: else
    fi
}

inline renew_slot(slot)
{
    assert(!runs[slot]);
    memory[slot] = 0;
    guarded[slot] = false
}

/* 3: one call, in no order; a page table goes if all that it maps is renewed. */
inline renew(group)
{
    renew_slot(2 * (group));
    renew_slot(2 * (group) + 1);
    if
    :: reaches -> renew_slot(nearer_of(1 - (group))); table[1] = false
    :: else
    fi;
    table[2 * (group)] = false
}

/* 4, but for the look for those that were missed. */
inline end_renewal(group)
{
    bare[2 * (group)] = true;
    bare[2 * (group) + 1] = true;
    busy[group] = false;
    if
    :: reaches -> busy[1 - (group)] = false
    :: else
    fi
}

inline begin_missed()
{
    begun = false;
#ifndef LOOKS_FOR_NONE
    if
    :: missed[0] -> group = 0; begin_renewal(0)
    :: else
    fi;
    if
    :: !begun && missed[1] -> group = 1; begin_renewal(1)
    :: else
    fi
#endif
}

inline send(own)
{
    runs[own] = false;
    atomic {
        away[own] = true; /* 1 */
        group = group_of(own);
        begin_renewal(group)
    };
    do
    :: begun ->
        renew(group);
        atomic {
            end_renewal(group);
            begin_missed()
        }
    :: else -> break
    od;
    atomic { is_bare = bare[own] };
    if
    :: !is_bare -> memory[own] = 0 /* 5 */
    :: else
    fi
}

inline return_to(own)
{
    atomic { /* a */
#ifndef RETURNS_WHILE_BUSY
        !busy[group_of(own)];
#endif
        was_bare = bare[own];
        away[own] = false;
        bare[own] = false
    };
    runs[own] = true;
    if /* b */
#ifndef FORGETS_THE_GUARD
    :: was_bare -> guarded[own] = true
#endif
    :: else
    fi
}

proctype owner(byte own)
{
    byte rounds, group;
    bool begun, reaches, was_missed, is_bare, was_bare;
    do
    :: rounds == ROUNDS -> break
    :: else ->
        rounds++;
        return_to(own);
        assert(guarded[own]);
        table[table_of(own)] = true;
        memory[own] = rounds;
        assert(memory[own] == rounds && guarded[own]);
        send(own)
    od;
    atomic {
        left--;
        /* Whoever is the last has ended all renewals. */
        assert(left > 0 || (!table[0] && !table[1] && !table[2]))
    }
}

/* All are away, and bare. */
init {
    byte slot;
    atomic {
        for (slot : 0 .. 3) {
            away[slot] = true;
            bare[slot] = true;
            left = left + is_owned(slot)
        }
        for (slot : 0 .. 3) {
            if
            :: is_owned(slot) -> run owner(slot)
            :: else
            fi
        }
    }
}

#endif
