/*
 * sched/blocking.c: the limit of blocking calls. TASKS tasks make CALLS calls each; LIMIT may be under
 * way. Nobody who waits may be left behind, and the limit holds.
 *
 * A call is offered first, and lent on at some time or never (process `lender`). What is under
 * sched_lender.lock is between take and give, what is under idle_lock is one step, and the accesses that
 * the protocol orders are SEQ_CST, so there are no store buffers. A task that is lent may be found by
 * others from the store to `found` on, as if its thread did nothing more for long.
 *
 * Not here: begins far from the limit, which do not count, and may exceed it by the number of workers.
 *
 * run: TASKS=3 CALLS=2 LIMIT=1
 * run: TASKS=3 CALLS=2 LIMIT=2
 * run: TASKS=4 CALLS=1 LIMIT=2
 * mutant: TASKS=2 CALLS=1 LIMIT=1 FOUND_FIRST -- who comes back can be found before its call is not counted
 * mutant: TASKS=2 CALLS=1 LIMIT=1 COUNTS_FIRST -- who begins counts the calls before it is counted as one who waits
 * mutant: TASKS=2 CALLS=1 LIMIT=1 LOOKS_FIRST -- who ends looks for those that wait before it has left the calls
 * mutant: TASKS=3 CALLS=2 LIMIT=1 OVERTAKES -- a newcomer takes the place of one that was woken
 */
#define NONE 255

byte offered, lent;
byte waiting;
byte queued; /* how many of them are in the queue */
bool locked;
chan queue = [TASKS] of { byte };
bool woken[TASKS];
bool is_lent[TASKS];
bool is_offered[TASKS];
byte left;      /* tasks that have made all their calls */
byte at_gate;   /* taken out of the queue, and not begun */

#define UNDER_WAY (offered + lent)

inline take_lock() { atomic { !locked -> locked = true } }
inline give_lock() { locked = false }

inline let_next()
{
    take_lock();
    atomic {
        next = NONE;
        if
        :: queued > 0 && UNDER_WAY + (waiting - queued) < LIMIT ->
           queue?next; queued--; at_gate++
        :: else
        fi
    }
    give_lock();
    if
    :: next != NONE -> woken[next] = true
    :: else
    fi
}

proctype task(byte me)
{
    byte calls = CALLS, next, seen, under_way;
    bool was_woken, ends_lent, sees_waiting;
    do
    :: calls == 0 -> break
    :: calls > 0 ->
       calls--;
       was_woken = false;
again:
       take_lock();
#ifdef COUNTS_FIRST
       under_way = UNDER_WAY;
#endif
       if
       :: !was_woken -> waiting++
       :: else
       fi;
#ifndef COUNTS_FIRST
       under_way = UNDER_WAY;
#endif
       if
       :: was_woken -> seen = 1
#ifdef OVERTAKES
       :: !was_woken -> seen = 1
#else
       :: !was_woken -> seen = waiting - queued
#endif
       fi;
       if
       :: (was_woken || queued == 0) && under_way + seen <= LIMIT ->
          waiting--;
          atomic {
              if
              :: was_woken -> at_gate--
              :: else -> assert(UNDER_WAY + at_gate < LIMIT)
              fi;
              offered++;
              is_offered[me] = true;
              assert(UNDER_WAY <= LIMIT)
          }
          give_lock()
       :: else ->
          atomic {
              assert(!was_woken); /* nobody is far from the limit, and takes its place */
              queue!me;
              queued++
          }
          give_lock();
          atomic { woken[me] -> woken[me] = false; was_woken = true }
          goto again
       fi;
       /* The call; its end. */
#ifdef LOOKS_FIRST
       sees_waiting = waiting != 0;
#endif
       atomic {
           ends_lent = is_lent[me];
           if
           :: !ends_lent -> offered--; is_offered[me] = false /* 4 */
           :: else
           fi
       }
       if
       :: ends_lent ->
#ifdef FOUND_FIRST
          /* The rest of its thread's step comes late: after the task's, at worst. */
          sees_waiting = waiting != 0;
          if
          :: sees_waiting -> let_next()
          :: else
          fi;
          atomic { lent--; is_lent[me] = false };
          sees_waiting = false
#else
          atomic { lent--; is_lent[me] = false }
#endif
       :: else
       fi;
#if !defined(LOOKS_FIRST) && !defined(FOUND_FIRST)
       sees_waiting = waiting != 0;
#endif
#ifdef FOUND_FIRST
       sees_waiting = !ends_lent && waiting != 0;
#endif
       if
       :: sees_waiting -> let_next()
       :: else
       fi
    od;
    left++
}

/* Step t. */
proctype lender()
{
end:
    do
    :: atomic { is_offered[0] -> is_offered[0] = false; is_lent[0] = true; offered--; lent++ }
    :: atomic { is_offered[1] -> is_offered[1] = false; is_lent[1] = true; offered--; lent++ }
    od
}

active proctype judge()
{
    byte each;
    atomic {
        do
        :: each < TASKS -> run task(each); each++
        :: else -> break
        od;
        run lender()
    }
    timeout;
    assert(left == TASKS);
    assert(waiting == 0 && UNDER_WAY == 0)
}
