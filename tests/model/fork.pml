/*
 * sched/fork.c: sharing, stealing, taking back, parking; and the requests of who goes to sleep. With
 * as much of sched/idle.c as that takes.
 *
 * The process `owner` forks and joins as it likes, parks between (all that is in its deque is turned
 * into tasks), and may compute for ever at any moment. Each `thief` searches, runs what it finds, for
 * ever or not, and sleeps. Labels are the steps of fork.c and idle.c. Children are numbers: fn[] is
 * what a slot holds of one.
 *
 * Store buffers. The owner's stores of a share (fork_limit, then the states) reach memory late, in
 * order (`late`); so do a sleeper's count of itself and its request, until its fence. A
 * compare-and-swap empties the buffer. What is under idle_lock, or a locked instruction, is a step.
 *
 * Who has found a child and was the last searcher passes on in one look what the C code asks of all
 * queues: more is findable, then a sleeper is woken; else those who sleep are asked for.
 *
 * What must hold. A child runs once, and is the one that its joiner forked. When nothing moves any
 * more (process `monitor`): if a child is findable, no thief sleeps; if a thief sleeps, its request
 * stands, so that the next fork shares and wakes it; if the owner has joined all, all have run.
 *
 * run: THIEVES=1 FORKS=4 PARKS=1
 * run: THIEVES=2 FORKS=2 PARKS=1
 * run: THIEVES=2 FORKS=3 PARKS=0
 * mutant: THIEVES=1 FORKS=3 NO_STAMP -- every share uses the same stamp
 * mutant: THIEVES=1 FORKS=2 NO_GAP -- the head stays where it is when children are shared
 * mutant: THIEVES=1 FORKS=2 PLAIN_TAKE_BACK -- the owner takes a shared child back by a store
 * mutant: THIEVES=1 FORKS=2 PARKS=1 PARK_AS_PRIVATE -- who parks turns a stolen child into a task too
 * mutant: THIEVES=1 FORKS=2 NO_FENCE_4 -- a sharer looks at the sleepers before its children are seen
 * mutant: THIEVES=1 FORKS=2 NO_FENCE_C -- a sleeper looks for children before it can be seen itself
 * mutant: THIEVES=1 FORKS=2 NO_STEP_D -- a sleeper does not look for children once more
 * mutant: THIEVES=1 FORKS=2 NO_STEP_B2 -- who goes to sleep leaves no request
 * mutant: THIEVES=2 FORKS=3 NO_PASSING_ON -- a searcher that found a child wakes nobody
 * mutant: THIEVES=2 FORKS=3 NO_ASKING -- a searcher that found the only child leaves sleepers unasked
 * mutant: THIEVES=1 FORKS=2 JOIN_TAKES_IN_VAIN -- a join takes a request although it has nothing to show
 * mutant: THIEVES=1 FORKS=3 JOIN_SHARES_ALL -- a join shows the child too that it is about to call
 * mutant: THIEVES=1 FORKS=4 UNASKED -- a fork that finds no room undoes a request
 */
#ifndef THIEVES
#define THIEVES 1
#endif
#ifndef FORKS
#define FORKS 2
#endif
#ifndef PARKS
#define PARKS 0
#endif

#define SLOTS  5 /* the last one only ever a gap */
#define NOBODY 255

/* The deque. A slot's state: 0, an odd stamp, or TASK of a child. */
#define TASK 100
byte state[SLOTS + 1];
byte fn[SLOTS + 1];
byte head, split, shared;
byte stamp = 1;
bool request = true; /* fork_limit == NULL; before the first fork it is */

/* The owner's buffer: 2, fork_limit and states; 1, states; 0, empty. */
byte late;
byte late_first, late_end;

byte forked; /* children so far; they are numbers from 0 on */
byte ran[FORKS];
bool done[FORKS];

/* idle.c */
byte searching;
bool listed[THIEVES];  /* in the list of sleepers */
bool counted[THIEVES]; /* in idle_count, as others see it */
bool asked[THIEVES];   /* its request is in its buffer */
bool woken[THIEVES];
bool sleeps[THIEVES];
bool joined_all;

#define IS_ODD(s) ((s) % 2 == 1 && (s) < TASK)
#define FINDABLE                                                                                   \
    (IS_ODD(state[0]) || IS_ODD(state[1]) || IS_ODD(state[2]) || IS_ODD(state[3]) ||               \
     IS_ODD(state[4]))
#if THIEVES == 1
#define ANY_COUNTED (counted[0])
#define ANY_LISTED  (listed[0])
#define ANY_SLEEPS  (sleeps[0])
#else
#define ANY_COUNTED (counted[0] || counted[1])
#define ANY_LISTED  (listed[0] || listed[1])
#define ANY_SLEEPS  (sleeps[0] || sleeps[1])
#endif

inline drain_owner()
{
    if
    :: late == 2 -> request = false; late = 1
    :: else
    fi;
    if
    :: late == 1 ->
       do
       :: late_first < late_end -> state[late_first] = stamp; late_first++
       :: else -> break
       od;
       late = 0; late_first = 0; late_end = 0
    :: else
    fi
}

inline drain_thief(t)
{
    if
    :: listed[t] -> counted[t] = true
    :: else
    fi;
    if
    :: asked[t] -> request = true; asked[t] = false
    :: else
    fi
}

proctype memory()
{
end:
    do
    :: atomic { late == 2 -> request = false; late = 1 }
    :: atomic { late == 1 -> drain_owner() }
    :: atomic { listed[0] && !counted[0] -> counted[0] = true }
    :: atomic { asked[0] && counted[0] -> drain_thief(0) }
    :: atomic { asked[0] && !listed[0] -> drain_thief(0) }
#if THIEVES > 1
    :: atomic { listed[1] && !counted[1] -> counted[1] = true }
    :: atomic { asked[1] && counted[1] -> drain_thief(1) }
    :: atomic { asked[1] && !listed[1] -> drain_thief(1) }
#endif
    od
}

/* sched_wake_one, behind its fence. */
inline wake_one(sleeper)
{
    if
    :: searching == 0 && ANY_COUNTED ->
       if
       :: atomic { searching == 0 -> searching = 1 }
          atomic {
              if
              :: listed[0] -> sleeper = 0
#if THIEVES > 1
              :: listed[1] -> sleeper = 1
#endif
              :: else -> sleeper = NOBODY
              fi;
              if
              :: sleeper != NOBODY ->
                 listed[sleeper] = false; counted[sleeper] = false; woken[sleeper] = true
              :: else -> searching--
              fi;
              sleeper = NOBODY
          }
       :: searching != 0
       fi
    :: else
    fi
}

inline run_child(child)
{
    assert(ran[child] == 0);
    ran[child]++
}

proctype owner()
{
    byte next[FORKS];      /* of the frames not yet joined */
    byte child_of[FORKS];
    byte frames, chained;  /* how many; how many of them are tasks */
    byte parks = PARKS, slot, child, sleeper = NOBODY;
    bool shows;

    do
    :: atomic { forked < FORKS ->
           child_of[frames] = forked;
           if
           :: head >= SLOTS - 1 -> /* full: called at the fork */
#ifdef UNASKED
              request = false;
#endif
              run_child(forked);
              done[forked] = true;
              next[frames] = NOBODY;
              forked++; frames++;
              goto again
           :: else
           fi;
           fn[head] = forked;
           forked++;
           head++;
           next[frames] = head;
           frames++
       }
       if
       :: atomic { request && late == 0 -> /* steps 1 to 3 */
              stamp = stamp + 2;
#ifdef NO_STAMP
              stamp = 1;
#endif
              late = 2;
              late_first = split;
              late_end = head;
              shared = shared + head - split;
#ifdef NO_GAP
              split = head
#else
              head++;
              split = head
#endif
          }
#ifndef NO_FENCE_4
          atomic { drain_owner() }
#endif
          wake_one(sleeper)
       :: !request || late != 0
       fi;
again:
       skip
    :: atomic { frames > 0 && next[frames - 1] == NOBODY -> frames-- }
    :: atomic { /* keel_join of a private child, asked for others: steps 1 to 3 */
           frames > 0 && next[frames - 1] == head && head > 0 && request && late == 0 ->
           frames--;
           child = fn[head - 1];
           assert(child == child_of[frames]);
#ifndef JOIN_SHARES_ALL
           head--;
#endif
           if
           :: head != split ->
              shows = true;
              stamp = stamp + 2;
              late = 2;
              late_first = split;
              late_end = head;
              shared = shared + head - split;
              head++;
              split = head
#ifdef JOIN_TAKES_IN_VAIN
           :: else -> request = false
#else
           :: else
#endif
           fi
       }
       if
       :: shows ->
          atomic { shows = false; drain_owner() }
          wake_one(sleeper)
       :: !shows
       fi;
       atomic { run_child(child); done[child] = true }
    :: atomic { /* keel_join of a private child */
           frames > 0 && next[frames - 1] == head && head > 0 && (!request || late != 0) ->
           frames--;
           head--;
           assert(fn[head] == child_of[frames]);
           run_child(fn[head]);
           done[fn[head]] = true
       }
    :: atomic { /* keel_join_slow of a shared one */
           frames > chained && next[frames - 1] != head && next[frames - 1] != NOBODY && head > 0 ->
           drain_owner();
           frames--;
           slot = next[frames] - 1;
           child = child_of[frames];
           assert(fn[slot] == child);
           if
#ifdef PLAIN_TAKE_BACK
           :: IS_ODD(state[slot]) -> goto take_back
#else
           :: IS_ODD(state[slot]) ->
              state[slot] = 0; run_child(child); done[child] = true
#endif
           :: else -> assert(state[slot] == TASK + 2 * child); state[slot] = 0
           fi;
           goto popped
       }
#ifdef PLAIN_TAKE_BACK
take_back:
       atomic { state[slot] = 0; run_child(child); done[child] = true }
#endif
popped:
       atomic {
           shared--;
           if
           :: shared == 0 -> head = 0; split = 0
           :: else -> head = slot + 1; split = head
           fi
       }
end_await:
       done[child]
    :: atomic { frames > 0 && head == 0 && next[frames - 1] != NOBODY -> /* of the chain */
           frames--;
           chained--;
           child = child_of[frames]
       }
end_await_chained:
       done[child]
    :: atomic { parks > 0 && head > 0 -> parks--; slot = 0; drain_owner() }
       do /* spill of fork.c: what becomes a task runs, sooner or later */
       :: atomic { slot < head ->
              if
              :: slot >= split ||
#ifdef PARK_AS_PRIVATE
                 state[slot] >= TASK ||
#endif
                 IS_ODD(state[slot]) ->
                 state[slot] = 0; run_child(fn[slot]); done[fn[slot]] = true
              :: else -> state[slot] = 0
              fi;
              slot++
          }
       :: atomic { slot == head -> head = 0; split = 0; shared = 0; chained = frames; slot = 0; break }
       od
    :: atomic { frames == 0 && forked == FORKS -> joined_all = true; break }
    :: goto computes
    od;
computes:
end_computes:
    false
}

proctype thief(byte me)
{
    byte i, seen, child, sleeper = NOBODY;
    bool last;

search:
    if
    :: true
    :: request = true /* sched_ask_for_forks, while it searches */
    fi;
    i = 0;
    do
    :: i < SLOTS ->
       seen = state[i]; /* step 1 */
       if
       :: IS_ODD(seen) ->
          child = fn[i]; /* step 2 */
          if
          :: atomic { state[i] == seen -> /* step 3 */
                 run_child(child);
                 state[i] = TASK + 2 * child
             }
             goto found
          :: state[i] != seen
          fi
       :: else
       fi;
       i++
    :: else -> break
    od;

    searching--;       /* step a */
    listed[me] = true; /* step b */
#ifndef NO_STEP_B2
    asked[me] = true;
#endif
#ifndef NO_FENCE_C
    atomic { drain_thief(me) }
#endif
    if
#ifndef NO_STEP_D
    :: FINDABLE -> /* leave, or inherit the search that was claimed */
       atomic {
           if
           :: listed[me] -> listed[me] = false; counted[me] = false; searching++
           :: else
           fi;
           woken[me] = false
       }
       goto search
#endif
    :: atomic {
#ifndef NO_STEP_D
           !FINDABLE ->
#else
           true ->
#endif
           sleeps[me] = true
       }
    fi;
end_asleep:
    atomic { woken[me] -> woken[me] = false; sleeps[me] = false }
    goto search;

found:
    atomic { searching--; last = searching == 0 } /* sched_search_end */
    if
    :: last ->
       if
#ifndef NO_PASSING_ON
       :: FINDABLE -> wake_one(sleeper)
#endif
       :: !FINDABLE ->
#ifndef NO_ASKING
          if
          :: ANY_COUNTED -> asked[me] = true
          :: else
          fi
#endif
          skip
#ifdef NO_PASSING_ON
       :: FINDABLE
#endif
       fi
    :: else
    fi;
    if
    :: done[child] = true
    :: true ->
end_computes:
       false
    fi;
    searching++;
    goto search
}

proctype monitor()
{
    byte i;
end:
    timeout ->
    assert(!(FINDABLE && ANY_SLEEPS));
    assert(!ANY_SLEEPS || request);
    if
    :: joined_all ->
       do
       :: i < FORKS -> assert(ran[i] == 1); i++
       :: else -> break
       od
    :: else
    fi
}

init
{
    atomic {
        searching = THIEVES;
        run memory();
        run owner();
        run thief(0);
#if THIEVES > 1
        run thief(1);
#endif
        run monitor()
    }
}
