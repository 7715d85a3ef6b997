/* Two threads exchange a message, by a libc's threads: the usual slot with a mutex and a condition.
 */
#include <pthread.h>
#include <unistd.h>

static const char text[] = "hello\n";
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static const char *slot;

static void *send(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&mutex);
    slot = text;
    pthread_cond_signal(&filled);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

int main(void)
{
    pthread_t sender;
    if (pthread_create(&sender, NULL, send, NULL) != 0)
        return 1;
    pthread_mutex_lock(&mutex);
    while (slot == NULL)
        pthread_cond_wait(&filled, &mutex);
    pthread_mutex_unlock(&mutex);
    return write(1, slot, sizeof text - 1) == (ssize_t)sizeof text - 1 ? 0 : 1;
}
