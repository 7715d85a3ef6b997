/*
 * Shelving: the steps of sched/shelve.c, with the same numbers, and of mem/away.c.
 *
 * TASK: a task writes to its stack, parks, is woken, goes on, and finds there what it wrote; a
 * waker hands it an element at each park; two workers take it out of the queue of the ready;
 * sweepers shelve it whenever they may. What a discarded stack contains is `garbage`.
 *     - it finds its stack as it left it, and the element;
 *     - nobody writes to or reads from a stack whose memory goes;
 *     - it ends: nobody waits for ever.
 *
 * SLOTS: two groups of one slot each, side by side, so that a renewal of one reaches over into the
 * other. An owner of each sends it away, takes it back, and runs on it.
 *     - while it runs on it, its memory stays, and it has its guard.
 *
 * run: TASK SWEEPERS=1
 * run: TASK SWEEPERS=2
 * run: SLOTS
 * mutant: TASK SWEEPERS=1 OFFER_BEFORE_SWITCH -- it is offered while it still stands on its stack
 * mutant: TASK SWEEPERS=1 GOES_ON_WHILE_GOING -- who takes it out of a queue looks for AWAY alone
 * mutant: TASK SWEEPERS=1 AWAY_BEFORE_IT_IS -- it is marked AWAY before its memory has gone
 * mutant: TASK SWEEPERS=1 NODE_ON_THE_STACK -- the waker writes the element to the stack
 * mutant: TASK SWEEPERS=2 CLAIMS_WITHOUT_A_LOOK -- the sweep stores GOING without comparing
 * mutant: SLOTS RETURNS_WHILE_BUSY -- who comes back does not wait for a renewal
 * mutant: SLOTS REACHES_ANYWHERE -- a renewal reaches into a group that is not bare
 * mutant: SLOTS FORGETS_THE_GUARD -- who comes back to a bare slot does not ask for its guard
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
        assert(stack == rounds && node == rounds);
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
#ifdef OFFER_BEFORE_SWITCH
        state = WARM;
        stack = rounds; /* it pushes its registers */
        stands = false;
#else
        stands = false;
        state = WARM; /* 1 */
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
        node = rounds;
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

/* ---- slots: bits by group */

bool away[2], bare[2], busy[2], guarded[2], runs[2];
bool locked;
byte memory[2];

inline lock()
{
    atomic { !locked -> locked = true }
}

inline unlock()
{
    locked = false
}

inline renew(slot)
{
    assert(!runs[slot]);
    memory[slot] = 0;
    guarded[slot] = false
}

proctype owner(byte own)
{
    byte other = 1 - own;
    byte rounds = 0;
    bool reaches, is_whole, was_bare;
    do
    :: rounds == 3 -> break
    :: else ->
        rounds++;
        /* It runs. */
        assert(guarded[own]);
        memory[own] = rounds;
        assert(memory[own] == rounds && guarded[own]);
        runs[own] = false;
        /* Send: 1 and 2. */
        lock();
        away[own] = true;
        reaches = false;
        is_whole = !busy[own] && !bare[own];
        if
        :: is_whole ->
            busy[own] = true;
#ifdef REACHES_ANYWHERE
            reaches = !busy[other];
#else
            reaches = !busy[other] && bare[other];
#endif
            if
            :: reaches -> busy[other] = true
            :: else
            fi
        :: else
        fi;
        unlock();
        if
        :: is_whole ->
            renew(own); /* 3 */
            if
            :: reaches -> renew(other)
            :: else
            fi;
            lock();
            bare[own] = true; /* 4 */
            busy[own] = false;
            if
            :: reaches -> busy[other] = false
            :: else
            fi;
            unlock()
        :: else -> memory[own] = 0 /* 5 */
        fi;
        /* Return: a and b. */
        lock();
        do
#ifdef RETURNS_WHILE_BUSY
        :: true -> break
#else
        :: !busy[own] -> break
        :: else -> unlock(); lock()
#endif
        od;
        was_bare = bare[own];
        away[own] = false;
        bare[own] = false;
        unlock();
        runs[own] = true;
        if
#ifndef FORGETS_THE_GUARD
        :: was_bare -> guarded[own] = true
#endif
        :: else
        fi
    od
}

init {
    atomic {
        guarded[0] = true;
        guarded[1] = true;
        runs[0] = true;
        runs[1] = true;
        run owner(0);
        run owner(1)
    }
}

#endif
