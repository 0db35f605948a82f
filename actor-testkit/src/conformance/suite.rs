//! The list of the tests, and how they are made of it.

/// Expands to the tests that every transport has to pass: about a hundred, in modules by theme.
///
/// They need nothing but the transport and the testkit: put the line into a file of its own among the tests of the crate
/// that has the transport.
///
/// ```
/// use actor_testkit::conformance;
/// use transport_memory::MemoryTransport;
///
/// // Nodes listen at `mem://` and a name.
/// conformance!(MemoryTransport::new());
/// # fn main() {}
/// ```
///
/// Any expression will do whose value is a [`Transport`](actor_transport::Transport), as the name of a unit structure is;
/// it is evaluated once for each test. Where listeners need another kind of address than `scheme://name`, it is said:
/// `conformance!(TcpTransport::new(), at = "tcp://127.0.0.1:0")`. Where a value is not enough, as for certificates, a
/// [`TransportUnderTest`](crate::TransportUnderTest) makes what is needed: `conformance!(fixture = Certified::new())`.
///
/// Each test has a runtime of two threads and takes some milliseconds, a few of them up to two seconds. After each, no
/// connection and no task may be left, and what callers were told has to be true (see [`Ledger`](crate::Ledger)).
#[macro_export]
macro_rules! conformance {
    (fixture = $subject:expr $(,)?) => {
        $crate::__conformance_tests! {
            { $subject };
            streams {
                an_address_can_be_listened_on_and_connected_to
                both_ends_say_alike_what_the_connection_proves
                bytes_arrive_in_order_both_ways_at_once
                thousands_of_small_pieces_arrive_as_one_stream
                a_piece_of_megabytes_arrives_whole
                pieces_of_nothing_are_passed_over
                a_receiver_that_does_not_read_holds_its_sender_up
                what_is_added_while_a_send_is_held_up_is_sent_behind_it
                an_end_is_seen_behind_all_that_was_sent
                an_end_that_is_dropped_is_noticed_by_a_reader
                an_end_that_is_dropped_is_noticed_by_a_writer
                connecting_where_nobody_listens_fails
                an_address_is_free_again_when_its_listener_has_gone
                connections_do_not_hold_one_another_up
                many_connect_at_once
                accepting_waits_for_nobody
                an_accept_that_is_dropped_loses_no_connection
                a_connect_that_is_dropped_leaves_nothing
            }
            calls {
                a_call_returns_what_the_method_returns
                a_methods_own_error_keeps_its_type
                a_cast_arrives_and_waits_for_no_reply
                a_cast_to_nobody_is_a_dead_letter_where_it_should_have_run
                what_is_not_there_is_said_at_once
                a_panic_is_answered_and_ends_its_actor_alone
                an_actor_is_found_by_its_name
                the_end_of_an_actor_is_told_to_whoever_watches
                an_actor_can_be_stopped_from_elsewhere
                each_reply_finds_its_own_call
                calls_go_both_ways_at_once
                a_call_that_would_wait_for_itself_is_refused
            }
            order {
                calls_arrive_in_the_order_of_their_first_poll
                calls_and_casts_to_one_actor_arrive_in_order
                a_small_call_waits_behind_a_large_one_to_the_same_actor
                a_small_call_passes_large_ones_to_other_actors
                calls_of_two_nodes_do_not_mix_their_own_order
                a_busy_actor_holds_up_its_own_calls_alone
            }
            deadlines {
                a_call_ends_at_its_deadline
                what_is_left_of_the_time_travels_over_the_nodes
                a_call_that_is_dropped_is_cancelled_at_the_methods_next_await
                a_call_that_is_dropped_before_its_turn_does_not_run
                a_method_that_completes_runs_on_without_its_caller
                a_large_call_can_be_given_up_half_sent
                a_call_to_a_node_that_does_not_answer_ends_at_its_deadline
                a_call_whose_way_is_held_up_ends_at_its_deadline
            }
            references {
                a_reference_that_comes_home_is_local
                references_travel_in_lists_options_and_structures
                a_reference_to_a_third_node_can_be_called_by_whoever_gets_it
                a_call_is_relayed_over_four_nodes
                a_reference_to_an_actor_that_has_ended_fails_on_its_first_call
                only_local_references_keep_an_actor
                a_stale_reference_never_reaches_a_new_actor
                a_hundred_references_travel_in_one_message
            }
            large {
                a_message_of_the_greatest_length_arrives_and_comes_back
                a_message_longer_than_that_is_refused_and_the_session_goes_on
                messages_around_the_length_of_a_chunk_arrive_whole
                messages_of_all_lengths_are_interleaved_and_none_is_torn
                large_messages_go_both_ways_at_once
                more_than_a_connection_may_hold_goes_through_in_turn
                a_large_cast_arrives
            }
            limits {
                a_thousand_and_twenty_four_calls_are_in_flight
                calls_beyond_those_in_flight_wait_for_their_turn
                the_smaller_limit_of_both_nodes_holds
                what_does_not_fit_into_the_queue_is_overloaded
                a_slow_reader_holds_its_callers_up_and_nobody_else
                connections_beyond_the_limit_are_refused_and_those_that_stand_go_on
                calls_that_wait_for_a_connection_fail_when_there_is_none
            }
            connections {
                when_both_dial_at_once_one_session_survives_and_no_call_fails
                calls_at_once_make_one_connection
                after_a_reset_the_next_call_goes_over_a_new_connection
                a_node_that_was_started_again_is_reached_at_its_old_address
                a_shutdown_lets_accepted_calls_finish_and_refuses_new_ones
                the_last_word_of_a_node_that_is_dropped_arrives
                a_peer_that_falls_silent_is_given_up
                a_quiet_connection_lives_on_pings
                a_node_may_have_several_listeners
                ten_nodes_connect_to_one_at_once
                a_node_does_not_connect_to_itself
            }
            breaks {
                a_connection_that_is_reset_at_any_stage_leaves_its_callers_with_the_truth
                a_connection_that_the_server_loses_at_any_stage_leaves_its_callers_with_the_truth
                a_connection_that_ends_at_any_stage_leaves_its_callers_with_the_truth
                a_half_open_connection_is_given_up_at_any_stage
                a_connection_that_stalls_at_any_stage_goes_on_or_is_given_up
                a_handshake_can_be_cut_at_any_byte
                bytes_that_trickle_in_one_by_one_make_a_session
                a_node_that_is_refused_comes_back_when_it_may
                calls_of_many_callers_hold_through_twenty_resets
            }
            dropping {
                a_call_can_be_dropped_at_every_poll
                a_method_that_waits_can_lose_its_caller_at_every_poll
                a_cast_can_be_dropped_at_every_poll
                a_call_that_waits_for_a_connection_can_be_dropped_at_every_poll
                a_lookup_can_be_dropped_at_every_poll
                a_connect_can_be_dropped_at_every_poll
                a_watch_can_be_dropped_at_every_poll
                a_start_and_a_shutdown_can_be_dropped_at_every_poll
            }
            rest {
                nothing_is_held_when_calls_have_ended
                nothing_is_held_of_calls_that_were_given_up
                nodes_that_come_and_go_leave_nothing_with_those_that_stay
            }
        }
    };
    ($transport:expr, at = $address:expr $(,)?) => {
        $crate::conformance!(fixture = $crate::conformance::Plain::at($transport, $address));
    };
    ($transport:expr $(,)?) => {
        $crate::conformance!(fixture = $crate::conformance::Plain::new($transport));
    };
}

/// One test for each case, in a module for each theme.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ({ $subject:expr }; $($theme:ident { $($case:ident)* })*) => {
        mod conforms {
            $(
                mod $theme {
                    #[allow(unused_imports, reason = "for the subject's path")]
                    use super::super::*;
                    $(
                        #[test]
                        fn $case() {
                            $crate::conformance::run($subject, $crate::conformance::$theme::$case);
                        }
                    )*
                }
            )*
        }
    };
}
