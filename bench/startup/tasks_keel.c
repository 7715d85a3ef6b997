/* Two tasks exchange a message: main receives through a channel what the other task sends, and
 * prints it. */
#include <runtime.h>

static const char text[] = "hello\n";

static void send(void *channel)
{
    cs_chan_send_ptr(channel, (void *)(unsigned long)text);
}

int main(void)
{
    cs_channel_t *channel = cs_chan_create_ptr(0);
    cs_spawn(send, channel);
    char *message = cs_chan_receive_ptr(channel);
    cs_print_str((cs_string_t){message, sizeof text - 1});
    return 0;
}
