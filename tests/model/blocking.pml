/*
 * sched/blocking.c and sched/lender.c: a worker is lent on while its task blocks. Their step numbers
 * are used here.
 *
 * One worker, and one task that makes CALLS blocking calls, each of them short, or one that ends only
 * after the worker was lent on (as if another task had to do something). Each process `thread` is a
 * kernel thread; thread 0 begins as the worker's, the others as spare ones. SPURIOUS times a sleeper
 * wakes by itself, at its deadline or by a signal; WAKES times somebody else (process `other`, awake
 * until then) wakes the worker, for nothing.
 *
 * `acting` is the thread that has the worker in its hands: never two. What is under idle_lock is one
 * step; the four accesses that the protocol orders are SEQ_CST, so there are no store buffers.
 *
 * What must hold when nothing moves any more: the task has ended, and then a deadlock was reported
 * (nobody is left); and none is reported before.
 *
 * Not here: several workers (a thread may regain any that sleeps, and owes what a napper owed), the
 * limit (blocking_limit.pml), in g the step before, in which the call leaves the count, refusals, the
 * worker that is made for who exits.
 *
 * run: THREADS=2 CALLS=3 SPURIOUS=1 WAKES=1
 * run: THREADS=3 CALLS=2 SPURIOUS=1 WAKES=1
 * run: THREADS=2 CALLS=3 SPURIOUS=2 WAKES=1
 * mutant: THREADS=2 CALLS=2 LOOKS_FIRST -- the lender looks once more before it says that it sleeps
 * mutant: THREADS=2 CALLS=2 OFFERS_LATE -- who begins looks for the lender before it offers
 * mutant: THREADS=2 CALLS=1 TAKES_UNASKED -- the lender takes the worker whatever has become of the call
 * mutant: THREADS=2 CALLS=1 NOT_OUTSIDE -- a call that lost its worker is not counted
 * mutant: THREADS=2 CALLS=1 BACK_FIRST -- who comes back is not counted before its task can be found
 * mutant: THREADS=2 CALLS=1 BACK_IN_SILENCE -- who comes back wakes nobody
 * mutant: THREADS=2 CALLS=1 TAKES_THE_WAKEFUL -- a worker is taken whose thread does not sleep yet
 * mutant: THREADS=2 CALLS=1 SPURIOUS=1 NO_LOOK -- a thread does not look whether its worker was taken
 * mutant: THREADS=2 CALLS=2 SPURIOUS=1 LOOKS_AT_OWNER -- it looks only whose the worker is now
 * mutant: THREADS=2 CALLS=2 STALE_WORD -- who leaves its task does not clear its word
 */
#ifndef SPURIOUS
#define SPURIOUS 0
#endif
#ifndef WAKES
#define WAKES 0
#endif

#define NOBODY 255

/* The worker. */
byte call;
byte owner = 0;  /* worker->thread */
byte acting = 0;
bool is_idle;

/* The threads. */
bool word[THREADS];
bool sleeps[THREADS];
bool is_spare[THREADS];
bool given[THREADS];
bool listed[THREADS]; /* in the list of spare threads */

byte awake = 1 + (WAKES > 0 -> 1 : 0);
byte outside;
bool watches;
bool queued;   /* the task, in the global queue */
bool has_ended;
bool reported;
byte calls_left = CALLS;
byte spurious_left = SPURIOUS;

#define IS_OFFERED (call % 2 == 1)

inline act()
{
    assert(acting == NOBODY || acting == me);
    assert(owner == me);
    acting = me
}

#ifdef TAKES_THE_WAKEFUL
#define MAY_TAKE is_idle
#else
#define MAY_TAKE (is_idle && sleeps[owner])
#endif

proctype thread(byte me)
{
    byte mine, victim;
    bool lasts;
    if
    :: me == 0
    :: else -> goto spare
    fi;
task:
    assert(acting == me);
    if
    :: calls_left == 0 -> has_ended = true; goto find_work
    :: calls_left > 0 -> calls_left--
    fi;
    if
    :: lasts = true
    :: lasts = false
    fi;
    mine = call + 1;
#ifdef OFFERS_LATE
    lasts = lasts || !watches; /* a free register: what was read before the store */
    victim = watches;
    atomic { acting = NOBODY; call = mine }
    if
    :: victim == 0 -> watches = true
    :: else
    fi;
#else
    atomic { acting = NOBODY; call = mine } /* 1, 2 */
    atomic { /* 3 */
        if
        :: !watches -> watches = true
        :: else
        fi
    }
#endif
    if
    :: !lasts
    :: call != mine
    fi;
    atomic { /* 4 */
        if
        :: call == mine -> call++; act(); goto task
        :: else
        fi
    }
    atomic { /* f */
        if
        :: MAY_TAKE ->
           is_idle = false;
           awake++;
           is_spare[owner] = true;
           listed[owner] = true;
           owner = me;
           outside--;
           act();
           goto task
        :: else
        fi
    }
    /* g */
#ifndef STALE_WORD
    word[me] = false;
#endif
#ifdef BACK_FIRST
    outside--;
    queued = true;
#else
    queued = true;
#endif
    atomic { is_spare[me] = true; listed[me] = true }
    atomic {
        victim = NOBODY;
#if !defined(BACK_FIRST) && !defined(NOT_OUTSIDE)
        outside--;
#endif
        if
#ifndef BACK_IN_SILENCE
        :: is_idle -> is_idle = false; awake++; victim = owner
#else
        :: false
#endif
        :: else
        fi
    }
    if
    :: victim != NOBODY -> word[victim] = true
    :: else
    fi;

spare:
end_spare:
    word[me];
    atomic {
        assert(given[me]);
        is_spare[me] = false;
        given[me] = false;
        act()
    }

find_work:
    assert(acting == me && !given[me]);
    atomic {
        if
        :: queued -> queued = false; goto task
        :: else
        fi
    }
    atomic { word[me] = false; is_idle = true; awake-- } /* a */
    atomic { /* d */
        if
        :: queued -> goto leave_or_inherit
        :: !queued && awake == 0 && outside == 0 ->
           assert(has_ended);
           reported = true;
           goto stop
        :: else
        fi
    }
    if
    :: word[me] -> goto woken
    :: else
    fi;
    atomic { sleeps[me] = true; acting = NOBODY } /* e */
end_asleep:
    atomic {
        if
        :: word[me]
        :: spurious_left > 0 -> spurious_left--
        fi
    }
woken:
    atomic {
        sleeps[me] = false;
#if defined(NO_LOOK)
#elif defined(LOOKS_AT_OWNER)
        if
        :: owner != me -> goto spare
        :: else
        fi;
#else
        if
        :: is_spare[me] -> goto spare
        :: else
        fi;
#endif
        act();
leave_or_inherit:
        if
        :: is_idle -> is_idle = false; awake++; goto find_work
        :: else
        fi
    }
    word[me];
    goto find_work;
stop:
    skip
}

proctype lender()
{
    byte seen, victim;
end_watch:
    do
    :: atomic { watches && IS_OFFERED -> seen = call } /* once */
       atomic { /* one that is listed, or that is made: all are, in time */
           if
           :: listed[0] -> victim = 0
           :: listed[1] -> victim = 1
#if THREADS > 2
           :: listed[2] -> victim = 2
#endif
           :: call != seen -> victim = NOBODY
           fi;
           if
           :: victim != NOBODY -> listed[victim] = false
           :: else
           fi
       }
       atomic { /* t */
           if
           :: victim == NOBODY
#ifdef TAKES_UNASKED
           :: victim != NOBODY ->
#else
           :: victim != NOBODY && call == seen ->
#endif
              call = seen + 1;
#ifndef NOT_OUTSIDE
              outside++;
#endif
              owner = victim;
              given[victim] = true
#ifndef TAKES_UNASKED
           :: else -> listed[victim] = true; victim = NOBODY
#endif
           fi
       }
       if
       :: victim != NOBODY -> word[victim] = true /* u */
       :: else
       fi
    :: watches && !IS_OFFERED ->
#ifdef LOOKS_FIRST
       if
       :: !IS_OFFERED -> watches = false
       :: else
       fi
#else
       watches = false; /* v */
       if
       :: IS_OFFERED -> watches = true
       :: else
       fi
#endif
    od
}

#if WAKES > 0
/* Another worker, which in the end leaves for good (r3, r4 of idle.c). */
proctype other()
{
    byte left = WAKES, victim;
    do
    :: left > 0 ->
       left--;
       atomic {
           victim = NOBODY;
           if
           :: is_idle -> is_idle = false; awake++; victim = owner
           :: else
           fi;
           if
           :: left == 0 -> awake--
           :: else
           fi
       }
       if
       :: victim != NOBODY -> word[victim] = true
       :: else
       fi
    :: left == 0 -> break
    od
}
#endif

active proctype judge()
{
    byte each;
    atomic {
        each = 1;
        do
        :: each < THREADS -> is_spare[each] = true; listed[each] = true; run thread(each); each++
        :: else -> break
        od;
        run thread(0);
        run lender();
#if WAKES > 0
        run other()
#endif
    }
    timeout;
    assert(has_ended);
    assert(reported)
}
