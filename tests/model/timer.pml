/*
 * sched/timer.c: who covers the deadlines. Its step numbers are used here.
 *
 * Each process `worker` is one worker's thread, with a wheel of one timer. A running task may arm it
 * and go on, end, or compute until no timer is armed any more: then others must see to the timers. A
 * searcher may find other work (`loose`), which nobody announces: the worst for timers. Wakes go by
 * idle.c's protocol, of which only what timers need is here; after a search nobody is woken for work.
 *
 * The store buffers. What the protocol orders by fences reaches the others late, and in any order: a
 * wheel's `next`, `covered`, `uncovered`, and the count of sleepers. A fence empties the worker's
 * buffers; with NO_BUFFER stores arrive at once. What is under a lock is seen by the next who takes the lock; but wheels whose `next` says
 * that they are empty are not locked.
 *
 * What must hold when nothing moves any more (process `monitor`): every deadline has come then, so
 * no timer is armed, or no worker sleeps (all compute, and each is stuck by its own doing). How late
 * a timer is served is not seen here: tests/sched/sleep_order.c.
 *
 * run: WORKERS=2 TIMERS=1 LOOSE=2
 * run: WORKERS=2 TIMERS=2 LOOSE=1
 * run: WORKERS=3 TIMERS=1 LOOSE=1 NO_BUFFER
 * mutant: WORKERS=2 TIMERS=1 LOOSE=0 SILENT_ARM -- who arms and goes on wakes nobody
 * mutant: WORKERS=2 TIMERS=2 LOOSE=1 NO_FENCE_2 -- who arms looks at `covered` before its timer is seen
 * mutant: WORKERS=2 TIMERS=1 LOOSE=0 NO_FENCE_C -- who goes to sleep looks at the wheels before it is seen
 * mutant: WORKERS=2 TIMERS=1 LOOSE=0 NO_COVER -- who goes to sleep covers nothing
 * mutant: WORKERS=2 TIMERS=2 LOOSE=1 STAYS_COVERED -- who covered and wakes does not say so
 * mutant: WORKERS=3 TIMERS=1 LOOSE=1 NO_PASSING_ON -- who found work looks at no timer
 * mutant: WORKERS=3 TIMERS=1 LOOSE=1 UNSAID -- who arms relies on a searcher and leaves it no word
 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef TIMERS
#define TIMERS 1
#endif
#ifndef LOOSE
#define LOOSE 0
#endif

#define FOREVER 9
#define NONE    7
#define NOBODY  255

mtype = { running, computing, looking, asleep };
mtype state[WORKERS] = running;

/* Wheels: the deadline inside, FOREVER when empty; and what `next` says to who takes no lock. */
byte wheel[WORKERS] = FOREVER;
byte next[WORKERS] = FOREVER;

byte covered = FOREVER;      /* under cover_lock */
byte covered_seen = FOREVER; /* without */
byte coverer = NOBODY;
bool uncovered;

byte searching;
byte sleepers;      /* under idle_lock */
byte sleepers_seen; /* without */
bool is_idle[WORKERS];
bool wake_word[WORKERS];

/* Stores on their way; NONE: no such. */
byte next_late[WORKERS] = NONE;
byte uncovered_late[WORKERS] = NONE;
bool covered_late[WORKERS];
bool sleepers_late[WORKERS];

byte timers_left = TIMERS;
byte loose = LOOSE;
byte now;

#if WORKERS == 2
#define ANY(p) (p(0) || p(1))
#else
#define ANY(p) (p(0) || p(1) || p(2))
#endif
#define IS_ARMED(who)   (wheel[who] != FOREVER)
#define SEEMS_ARMED(who) (next[who] != FOREVER || next_late[me] != NONE)
#define IS_ASLEEP(who)  (state[who] == asleep)
#define IS_MOVING(who)  (state[who] != asleep && state[who] != computing)

inline empty_buffers(who)
{
    if
    :: next_late[who] != NONE -> next[who] = next_late[who]; next_late[who] = NONE
    :: else
    fi;
    if
    :: uncovered_late[who] != NONE -> uncovered = uncovered_late[who]; uncovered_late[who] = NONE
    :: else
    fi;
    if
    :: covered_late[who] -> covered_seen = covered; covered_late[who] = false
    :: else
    fi;
    if
    :: sleepers_late[who] -> sleepers_seen = sleepers; sleepers_late[who] = false
    :: else
    fi
}

#ifdef NO_BUFFER
#define STORED empty_buffers(me)
#else
#define STORED skip
#endif

/* Stores arrive, in any order. */
proctype memory(byte who)
{
end:
    do
    :: atomic { next_late[who] != NONE -> next[who] = next_late[who]; next_late[who] = NONE }
    :: atomic { uncovered_late[who] != NONE -> uncovered = uncovered_late[who]; uncovered_late[who] = NONE }
    :: atomic { covered_late[who] -> covered_seen = covered; covered_late[who] = false }
    :: atomic { sleepers_late[who] -> sleepers_seen = sleepers; sleepers_late[who] = false }
    od
}

proctype clock()
{
end:
    do
    :: now < TIMERS -> now++
    od
}

/* Under idle_lock. */
inline leave_idle(who)
{
    is_idle[who] = false;
    sleepers--;
    sleepers_late[me] = true;
    STORED
}

/* sched_wake_one; `woke` says nothing: it relies on searchers */
inline wake_one()
{
    atomic { empty_buffers(me) }
    if
    :: searching != 0
    :: searching == 0 && sleepers_seen == 0
    :: atomic { searching == 0 && sleepers_seen != 0 -> searching = 1 };
       atomic {
           other = 0;
           do
           :: other < WORKERS && !is_idle[other] -> other++
           :: else -> break
           od;
           if
           :: other < WORKERS -> leave_idle(other); wake_word[other] = true
           :: else -> searching--
           fi
       }
    fi
}

proctype worker(byte me)
{
    byte other, deadline, earliest;
    bool mine, found;

task:
    state[me] = running;
    if
    :: atomic { /* step 1 */
           timers_left > 0 && wheel[me] == FOREVER ->
           deadline = timers_left;
           timers_left--;
           wheel[me] = deadline;
           next_late[me] = deadline;
           STORED
       }
#ifndef NO_FENCE_2
       atomic { empty_buffers(me) } /* step 2 */
#endif
       if /* step 3 */
       :: covered_seen <= deadline
       :: else ->
#ifndef UNSAID
          atomic { uncovered_late[me] = true; STORED }
#endif
#ifndef SILENT_ARM
          wake_one()
#else
          skip
#endif
       fi;
       goto task
    :: state[me] = computing;
end_computing:
       !ANY(IS_ARMED);
       goto task
    :: true
    fi;

find_work:
    state[me] = looking;
    other = 0;
    found = false;
    do /* sched_timers_run_all */
    :: other < WORKERS ->
       atomic {
           if
           :: (next[other] <= now || (other == me && next_late[me] <= now)) && wheel[other] <= now ->
              wheel[other] = FOREVER;
              next_late[other] = NONE;
              next[other] = FOREVER;
              found = true
           :: else
           fi;
           other++
       }
    :: else -> break
    od;
    if
    :: found -> goto search_end
    :: else
    fi;
    atomic {
        if
        :: mine
        :: else -> mine = true; searching++
        fi
    }
    if /* a look at the others' queues may miss what is there */
    :: atomic { loose > 0 -> loose-- } goto search_end
    :: true
    fi;

    /* ---- going to sleep */
    atomic { is_idle[me] = true; wake_word[me] = false; sleepers++; sleepers_late[me] = true; STORED } /* a */
    atomic { mine = false; searching-- } /* b */
    atomic { uncovered_late[me] = false; STORED } /* step 5 */
#ifndef NO_FENCE_C
    atomic { empty_buffers(me) }         /* step 6 */
#endif
    earliest = FOREVER;                  /* step 7 */
    other = 0;
    do
    :: other < WORKERS ->
       atomic {
           if
           :: next[other] < earliest || (other == me && next_late[me] < earliest) ->
              earliest = (wheel[other] < earliest -> wheel[other] : earliest)
           :: else
           fi;
           other++
       }
    :: else -> break
    od;
    atomic {
#ifdef NO_COVER
        earliest = FOREVER;
#endif
        if
        :: earliest < covered ->
           covered = earliest;
           covered_late[me] = true;
           coverer = me;
           STORED
        :: else -> earliest = FOREVER
        fi
    }
    state[me] = asleep;
end_asleep:
    atomic {
        if
        :: wake_word[me]
        :: earliest <= now
        fi;
        state[me] = looking;
        mine = !is_idle[me];
        if
        :: is_idle[me] -> leave_idle(me)
        :: else
        fi
    }
    atomic { /* step 8 */
        if
        :: coverer == me ->
           coverer = NOBODY;
#ifndef STAYS_COVERED
           covered = FOREVER;
           covered_late[me] = true;
#endif
           uncovered_late[me] = true;
           empty_buffers(me)
        :: else
        fi
    }
    atomic {
        if
        :: mine
        :: else -> mine = true; searching++
        fi
    }
    goto find_work;

search_end:
    atomic {
        if
        :: mine -> mine = false; searching--;
           if
           :: searching == 0 -> empty_buffers(me)
           :: else
           fi
        :: else
        fi
    }
#ifndef NO_PASSING_ON
    if /* step 4 */
    :: (uncovered_late[me] == true || (uncovered_late[me] == NONE && uncovered)) && sleepers_seen != 0 &&
       ANY(SEEMS_ARMED) -> wake_one()
    :: else
    fi;
#endif
    goto task
}

proctype monitor()
{
    timeout ->
    assert(!ANY(IS_MOVING));
    assert(!ANY(IS_ARMED) || !ANY(IS_ASLEEP))
}

init
{
    byte i;
    atomic {
        for (i : 0 .. WORKERS - 1) {
#ifndef NO_BUFFER
            run memory(i);
#endif
            run worker(i)
        }
        run clock();
        run monitor()
    }
}
