namespace NetPilot.Routers.Turns;

/// <summary>The queue of each router within this replica: first come, first served, and only its head asks PostgreSQL.</summary>
internal sealed class TurnQueues
{
    private readonly Dictionary<string, LinkedList<TaskCompletionSource>> queues = [];

    /// <summary>Waits for the head of the queue. False when that did not come in time; the place is given up then.</summary>
    public async Task<bool> EnterAsync(string routerId, TimeSpan patience, CancellationToken cancellationToken)
    {
        var place = new LinkedListNode<TaskCompletionSource>(new(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (queues)
        {
            if (!queues.TryGetValue(routerId, out var queue))
            {
                queues.Add(routerId, queue = new LinkedList<TaskCompletionSource>());
            }

            queue.AddLast(place);
            if (queue.First == place)
            {
                return true;
            }
        }

        if (patience <= TimeSpan.Zero)
        {
            Leave(routerId, place);
            return false;
        }

        try
        {
            await place.Value.Task.WaitAsync(patience, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            Leave(routerId, place);
            return false;
        }
        catch (OperationCanceledException)
        {
            Leave(routerId, place);
            throw;
        }
    }

    /// <summary>Becomes the head of the queue if nobody is in it.</summary>
    public bool TryEnter(string routerId)
    {
        lock (queues)
        {
            var isFree = !queues.ContainsKey(routerId);
            if (isFree)
            {
                queues.Add(routerId, new LinkedList<TaskCompletionSource>([new()]));
            }

            return isFree;
        }
    }

    /// <summary>The head goes, and the next one is called.</summary>
    public void Exit(string routerId)
    {
        lock (queues)
        {
            Remove(routerId, queues[routerId].First!);
        }
    }

    private void Leave(string routerId, LinkedListNode<TaskCompletionSource> place)
    {
        lock (queues)
        {
            Remove(routerId, place);
        }
    }

    private void Remove(string routerId, LinkedListNode<TaskCompletionSource> place)
    {
        var queue = queues[routerId];
        var wasHead = queue.First == place;
        queue.Remove(place);
        if (queue.First is null)
        {
            queues.Remove(routerId);
        }
        else if (wasHead)
        {
            queue.First.Value.TrySetResult();
        }
    }
}
