/*
 * What keel_stuck_tasks sees of keel_wait_all: sched/wait_all.c (ready_all) and sched/stuck.c.
 *
 * Two tasks wait for all others, twice; a third runs and ends. Whenever one has gone on, it may spawn another
 * third; and it may come to sleep for ever: it is stuck then, and so is the other if that one waits. Who lets
 * go (one that comes last, or a worker: there are two) ends the waits, counts the round, and readies, step by
 * step. A reader looks, also in the midst of it. It counts as nobody: a task that reads would keep a round from
 * beginning, a thread that is none does not.
 *
 * What must hold: who was named never goes on; and who waits when the look begins, while the other is stuck,
 * is named.
 *
 * run: ALL
 * mutant: NO_ROUNDS -- nobody counts the rounds
 * mutant: KEEPS_REASON -- who was let go still looks as if it waited
 * mutant: COUNTS_FIRST -- the round is counted before the waits are ended
 * mutant: COUNTS_LATE -- the round is counted when all are readied
 */
#define TURNS 2
#define LOOKS 2

bool locked;
bool queued[2], ready[2], ended[2];
bool waits[2]; /* its reason to wait, as the reader sees it */
bool stuck;
bool third = true; /* it runs */
bool named[2];
byte rounds;
byte done; /* waiters that wait no more */

inline lock()
{
    atomic { !locked -> locked = true }
}

/* With the lock: takes those in the queue. Then, without it, lets them go. */
inline let_go(took_0, took_1)
{
    atomic {
        took_0 = queued[0];
        took_1 = queued[1];
        queued[0] = false;
        queued[1] = false;
        locked = false
    }
#ifdef COUNTS_FIRST
    rounds++;
#endif
#ifndef KEEPS_REASON
    if
    :: took_0 -> waits[0] = false
    :: else
    fi;
    if
    :: took_1 -> waits[1] = false
    :: else
    fi;
#endif
#if !defined NO_ROUNDS && !defined COUNTS_FIRST && !defined COUNTS_LATE
    rounds++;
#endif
    if
    :: took_0 -> ready[0] = true
    :: else
    fi;
    if
    :: took_1 -> ready[1] = true
    :: else
    fi;
#ifdef COUNTS_LATE
    rounds++
#endif
}

proctype waiter(byte me)
{
    byte turn;
    bool took_0, took_1;
    do
    :: turn < TURNS ->
       lock();
       if
       :: !third && (queued[1 - me] || ended[1 - me]) -> let_go(took_0, took_1)
       :: else ->
          queued[me] = true;
          waits[me] = true;
          locked = false;
end_waits:
          atomic { ready[me] -> ready[me] = false; assert(!named[me]) }
       fi;
       turn++;
       if
       :: third = true
       :: true
       fi;
       if
       :: atomic { !stuck -> stuck = true; done++ } break
       :: true
       fi
    :: turn == TURNS -> atomic { ended[me] = true; done++ } break
    od
}

proctype worker()
{
    bool took_0, took_1;
end:
    do
    :: lock();
       if
       :: !third && (queued[0] || queued[1]) && (queued[0] || ended[0]) && (queued[1] || ended[1]) ->
          let_go(took_0, took_1)
       :: else -> locked = false
       fi
    :: third -> third = false
    :: done == 2 && !third -> break
    od
}

proctype reader()
{
    byte before, looks;
    bool seen_stuck, seen_0, seen_1, must_0, must_1, read_stuck, read_0, read_1;
    do
    :: looks < LOOKS ->
       atomic {
           must_0 = stuck && queued[0] && waits[0];
           must_1 = stuck && queued[1] && waits[1];
           before = rounds;
           read_stuck = false;
           read_0 = false;
           read_1 = false
       }
       do
       :: !read_stuck -> atomic { seen_stuck = stuck; read_stuck = true }
       :: !read_0 -> atomic { seen_0 = waits[0]; read_0 = true }
       :: !read_1 -> atomic { seen_1 = waits[1]; read_1 = true }
       :: read_stuck && read_0 && read_1 -> break
       od;
       atomic {
           if
           :: seen_stuck && rounds == before ->
              named[0] = named[0] || seen_0;
              named[1] = named[1] || seen_1
           :: else
           fi;
           assert((!must_0 || named[0]) && (!must_1 || named[1]))
       }
       looks++
    :: looks == LOOKS -> break
    od
}

init {
    atomic {
        run waiter(0);
        run waiter(1);
        run worker();
        run worker();
        run reader()
    }
}
