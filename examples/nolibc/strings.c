/*
 * nolibc's string functions, and the runtime's memcpy, memmove and memset, which the compiler calls
 * as well: the large structure goes through a channel by them.
 */
#include "keel_nolibc.h"

struct letter {
    char text[5000];
};

static void shout(void *arg)
{
    keel_chan *letters = arg;
    struct letter letter;
    while (keel_chan_receive(letters, &letter) == 1) {
        for (char *c = letter.text; *c != '\0'; c++) {
            if (*c >= 'a' && *c <= 'z')
                *c = (char)(*c - 'a' + 'A');
        }
        keel_chan_send(letters, &letter);
    }
}

static void overlap(void)
{
    char text[32] = "0123456789";
    memmove(text + 2, text, 10);
    printf("moved up: %s\n", text);
    memmove(text, text + 2, 11);
    printf("moved down: %s\n", text);
    memset(text, '-', 4);
    printf("set: %s\n", text);
}

int main(void)
{
    keel_chan *letters = keel_chan_create(0, sizeof(struct letter));
    if (letters == NULL || keel_spawn(shout, letters) != 0)
        return 1;
    struct letter letter = {.text = "dear reader"};
    strlcat(letter.text, ", hello", sizeof letter.text);
    struct letter copy = letter;
    keel_chan_send(letters, &letter);
    keel_chan_receive(letters, &letter);
    printf("%s -> %s\n", copy.text, letter.text);
    printf("strlen %d, strcmp %d, strchr %s, strrchr %s\n", (int)strlen(copy.text),
           strcmp(copy.text, copy.text), strchr(copy.text, 'r'), strrchr(copy.text, 'r'));
    char *twice = strndup(copy.text, 4);
    printf("strndup %s, memcmp %d, atoi %d, itoa %s\n", twice, memcmp(twice, "dear", 5),
           atoi("-42"), itoa(1234));
    free(twice);
    overlap();
    return 0;
}
